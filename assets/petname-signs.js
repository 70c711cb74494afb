/* Signs of the page: toasts, trouble with the connection, folds and the strips of previews. */
(() => {
  'use strict';

  const petname = (window.petname = window.petname || { local: {}, refreshers: [] });
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => Array.from(root.querySelectorAll(selector));

  /* What is unfolded stays so when Python draws its part again. */
  const unfolded = new Set();
  function keepFolds() {
    for (const fold of $$('details[data-fold]')) {
      const open = unfolded.has(fold.dataset.fold);
      if (fold.open !== open) fold.open = open;
    }
  }
  document.addEventListener('click', (event) => {
    const summary = event.target.closest('summary');
    const fold = summary && summary.closest('details[data-fold]');
    if (!fold) return;
    event.preventDefault();
    const key = fold.dataset.fold;
    if (!unfolded.delete(key)) unfolded.add(key);
    keepFolds();
  });

  /* The strip of previews follows its newest picture, unless the person has scrolled back. */
  const strips = new WeakMap();
  function followStrips() {
    for (const strip of $$('.pn-run-running .pn-strip')) {
      const before = strips.get(strip);
      const atEnd = before === undefined || strip.scrollLeft >= before - strip.clientWidth - 40;
      if (atEnd && strip.scrollWidth !== before) strip.scrollLeft = strip.scrollWidth;
      strips.set(strip, strip.scrollWidth);
    }
  }

  /* Gradio's own toasts are not shown: what they mean is said here, in the page's language. */
  let probing = false;
  async function noticeTrouble() {
    if (probing || !$('.toast-body')) return;
    probing = true;
    let banner = null;
    const show = (text) => {
      if (banner) return;
      banner = petname.make('div', { class: 'pn-offline', role: 'alert' }, text);
      ($('.gradio-container') || document.body).append(banner);
    };
    const answers = async () => {
      try { await fetch('/healthz', { cache: 'no-store' }); return true; } catch { return false; }
    };
    const pause = (milliseconds) => new Promise((go) => { setTimeout(go, milliseconds); });
    if (await answers()) {
      show(petname.say('unexpected'));
      await pause(6000);
    } else {
      show(petname.say('offline'));
      while (!(await answers())) await pause(2000);
    }
    if (banner) banner.remove();
    for (const close of $$('.toast-close')) close.click();
    probing = false;
    petname.goOn();
  }

  const toastTimers = new Set();
  function hideToasts() {
    const toast = $('#pn-toast .pn-toast');
    if (!toast || toastTimers.has(toast.dataset.number)) return;
    const number = toast.dataset.number;
    toastTimers.add(number);
    toast.classList.remove('pn-toast-gone');
    const wait = toast.classList.contains('pn-toast-error') ? 9000 : 4500;
    setTimeout(() => {
      const now = $('#pn-toast .pn-toast');
      if (now && now.dataset.number === number) now.classList.add('pn-toast-gone');
    }, wait);
  }

  petname.refreshers.push(keepFolds, hideToasts, noticeTrouble, followStrips);
})();
