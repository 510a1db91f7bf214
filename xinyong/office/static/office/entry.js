// Checks a row while it is typed: sends the form as it stands, puts what the rules say beside each field that was visited.
// Nothing is kept by it. Without this script the button "检查" does the same.
const form = document.querySelector("form[data-entry]");

if (form) {
  const state = form.querySelector("[data-entry-state]");
  const visited = new Set([...form.querySelectorAll(".entry-said")].filter((one) => one.firstElementChild).map((one) => one.dataset.field));
  let asked, waits;

  const line = (found) => {
    const made = document.createElement("p"), word = document.createElement("b");
    made.className = `entry-${found.severity}`;
    word.textContent = form.dataset[found.severity];
    made.append(word, ` ${found.said}`);
    if (found.suggestion) made.append(` ${form.dataset.suggestion}${found.suggestion}`);
    return made;
  };

  const show = ({ fields, fill }) => {
    for (const place of form.querySelectorAll(".entry-said")) {
      const found = visited.has(place.dataset.field) ? fields[place.dataset.field] || [] : [];
      place.replaceChildren(...found.map(line));
      const input = document.getElementById(`id_${place.dataset.field}`);
      if (input) input.toggleAttribute("aria-invalid", found.some((one) => one.severity === "error"));
    }
    for (const [name, text] of Object.entries(fill)) {
      const input = form.elements.namedItem(name);
      if (input && !input.value && document.activeElement !== input) input.value = text;
    }
  };

  const ask = async () => {
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(form.dataset.entry, { method: "POST", body: new FormData(form), signal: asked.signal, redirect: "error" });
      if (answer.status === 429) { later(10_000); return; }
      const said = await answer.json();
      if (answer.ok) show(said);
      state.textContent = answer.ok ? "" : said.detail;
    } catch (error) {
      if (error.name !== "AbortError") state.textContent = form.dataset.failed;
    }
  };
  const later = (pause) => { clearTimeout(waits); waits = setTimeout(ask, pause); };
  const visit = (event) => { if (event.target.name) visited.add(event.target.name.replace(/--detail$/, "")); };

  form.addEventListener("input", (event) => { visit(event); later(900); });
  form.addEventListener("change", (event) => { visit(event); later(200); });
  form.addEventListener("submit", () => { clearTimeout(waits); asked?.abort(); });
  // A list's boxes: Ctrl+Enter keeps the row wherever one is in the form.
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(form.querySelector("button[value=keep]"));
  });
}
document.querySelector("[autofocus]")?.focus();
