// The page that asks for a proof of work: lets a worker compute, then sends the solution and so opens the page asked for.
// Without this script the page says how long to wait.
"use strict";
(() => {
  const form = document.getElementById("proof"), wait = document.getElementById("proof-wait");
  if (!form || !window.Worker) return;
  const giveUp = () => { form.hidden = true; wait.hidden = false; };
  const policy = window.trustedTypes && trustedTypes.createPolicy("xinyong-proof", { createScriptURL: (url) => url });
  const address = form.dataset.worker;
  let worker;
  try { worker = new Worker(policy ? policy.createScriptURL(address) : address); } catch { return; }
  form.hidden = false;
  wait.hidden = true;
  worker.onerror = giveUp;
  worker.onmessage = (event) => {
    worker.terminate();
    form.elements.counter.value = String(event.data);
    form.submit();
  };
  worker.postMessage({ seed: form.dataset.seed, bits: Number(form.dataset.bits) });
  // Back from the page that followed: the solution was spent, so the page is asked for again.
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
