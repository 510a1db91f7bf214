// Sends a file in parts: pause, go on, after a lost connection or a reload the same file goes on where it stopped.
// Without this script the form hands the file in whole.
const form = document.querySelector("form[data-upload]");

if (form && window.crypto?.subtle && typeof Blob.prototype.arrayBuffer === "function") {
  const input = form.querySelector("input[type=file]"), drop = form.querySelector(".drop"), panel = form.querySelector("[data-panel]");
  const said = (name) => panel.querySelector(`[data-${name}]`), words = form.dataset;
  const field = (name) => form.elements.namedItem(name).value; // elements.item is a method
  const token = form.elements.csrfmiddlewaretoken.value;
  const bar = said("bar"), pauseButton = said("pause"), resumeButton = said("resume"), cancelButton = said("cancel");
  let upload, stopped, isPaused = false;

  class Refused extends Error {}
  const size = (bytes) => (bytes < 1048576 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1048576).toFixed(1)} MB`);
  const hex = (buffer) => Array.from(new Uint8Array(buffer), (one) => one.toString(16).padStart(2, "0")).join("");
  const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
  const sha = (data) => crypto.subtle.digest("SHA-256", data);
  const tell = (text) => { said("state").textContent = text; };
  const pause = (seconds) => new Promise((done) => { setTimeout(done, seconds * 1000); });

  const draw = (offset, whole) => {
    bar.max = whole;
    bar.value = offset;
    said("share").textContent = `${Math.floor((offset / whole) * 100)} %（${size(offset)} / ${size(whole)}）`;
  };

  // The same file is one of the same name, size and date whose first and last piece are the same.
  const mark = async (file) => {
    const ends = await new Blob([file.slice(0, 65536), file.slice(-65536)]).arrayBuffer();
    return hex(await sha(new TextEncoder().encode([file.name, file.size, file.lastModified, hex(await sha(ends))].join("\n"))));
  };

  const send = async (address, options = {}) => {
    const headers = { "X-CSRFToken": token, Accept: "application/json", ...options.headers };
    const answer = await fetch(address, { method: "POST", signal: stopped.signal, redirect: "manual", ...options, headers });
    if (answer.type === "opaqueredirect" || answer.status === 401) throw new Refused(words.signedOut);
    const body = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
    if (answer.ok || answer.status === 409) return { ok: answer.ok, offset: Number(answer.headers.get("Upload-Offset") ?? -1), ...body };
    if (answer.status >= 500 && answer.status !== 507) throw new TypeError("server");
    throw new Refused(body.detail || words.failed);
  };

  const digestOf = async (file, part) => {
    const digests = new Uint8Array(Math.ceil(file.size / part) * 32);
    for (let at = 0, n = 0; at < file.size; at += part, n += 1) {
      if (!upload.digests.has(at)) upload.digests.set(at, await sha(await file.slice(at, at + part).arrayBuffer()));
      digests.set(new Uint8Array(upload.digests.get(at)), n * 32);
    }
    return hex(await sha(digests));
  };

  const run = async (file) => {
    const begun = await send(words.upload, {
      body: new URLSearchParams({
        item: field("item"), source: field("source"), name: file.name, size: file.size, mark: await mark(file),
      }),
    });
    upload = { id: begun.id, digests: new Map() };
    let { offset } = begun;
    if (offset) tell(words.goesOn);
    draw(offset, file.size);
    while (offset < file.size) {
      const piece = await file.slice(offset, offset + begun.part).arrayBuffer(), digest = await sha(piece);
      const told = await send(`${words.upload}${upload.id}/part`, {
        body: piece,
        headers: { "Content-Type": "application/octet-stream", "Upload-Offset": String(offset), "Content-Digest": `sha-256=:${base64(digest)}:` },
      });
      upload.digests.set(offset, digest);
      if (told.offset < 0) throw new Refused(told.detail || words.failed);
      ({ offset } = told);
      draw(offset, file.size);
      tell(words.sending);
    }
    tell(words.checking);
    const done = await send(`${words.upload}${upload.id}/finish`, { body: new URLSearchParams({ digest: await digestOf(file, begun.part) }) });
    if (!done.ok) throw new Refused(done.detail || words.failed);
    location.assign(done.address);
  };

  const show = (isRunning) => {
    pauseButton.hidden = !isRunning;
    resumeButton.hidden = isRunning;
    cancelButton.hidden = false;
  };

  const go = async () => {
    const file = input.files[0];
    isPaused = false;
    stopped = new AbortController();
    panel.hidden = false;
    show(true);
    tell(words.sending);
    for (let tries = 0; ; tries += 1) {
      const before = bar.value;
      try { await run(file); return; } catch (error) {
        if (isPaused) return;
        if (bar.value > before) tries = 0;
        if (error instanceof Refused || error.name === "NotReadableError" || tries >= 60) {
          tell(error instanceof Refused ? error.message : words.failed);
          show(false);
          return;
        }
        tell(words.waiting);
        await pause(Math.min(15, 1 + tries));
        if (isPaused) return;
      }
    }
  };

  pauseButton.addEventListener("click", () => { isPaused = true; stopped.abort(); tell(words.paused); show(false); resumeButton.focus(); });
  resumeButton.addEventListener("click", () => { go(); pauseButton.focus(); });
  cancelButton.addEventListener("click", async () => {
    isPaused = true;
    stopped?.abort();
    stopped = new AbortController();
    if (upload) await send(`${words.upload}${upload.id}/cancel`).catch(() => {});
    location.assign(location.pathname);
  });

  const chosen = () => {
    const file = input.files[0];
    said("name").textContent = file ? `${file.name}（${size(file.size)}）` : "";
    panel.hidden = !file;
    if (file) draw(0, file.size);
    tell("");
    for (const one of [pauseButton, resumeButton, cancelButton]) one.hidden = true;
  };
  input.addEventListener("change", chosen);
  for (const kind of ["dragenter", "dragover"]) drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length !== 1) { panel.hidden = false; tell(words.onlyOne); return; }
    input.files = event.dataTransfer.files;
    chosen();
  });
  form.addEventListener("submit", (event) => {
    if (event.submitter?.hasAttribute("formaction")) return;
    if (!input.files.length || !field("item") || !field("source")) return; // the server says what is missing
    event.preventDefault();
    if (pauseButton.hidden) go();
  });
  window.addEventListener("beforeunload", (event) => { if (!pauseButton.hidden && bar.value < bar.max) event.preventDefault(); });
}
