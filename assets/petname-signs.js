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
    for (const strip of $$('.pn-run-running .pn-strip:not(.pn-redrawn-strip)')) {
      const before = strips.get(strip);
      const atEnd = before === undefined || strip.scrollLeft >= before - strip.clientWidth - 40;
      if (atEnd && strip.scrollWidth !== before) strip.scrollLeft = strip.scrollWidth;
      strips.set(strip, strip.scrollWidth);
    }
  }

  /* Gradio's own toasts are not shown: what they mean is said here, in the page's language. */
  let probing = false;
  function showBanner(text) {
    const banner = petname.make('div', { class: 'pn-offline', role: 'alert' }, text);
    ($('.gradio-container') || document.body).append(banner);
    return banner;
  }
  async function noticeTrouble() {
    if (probing || !$('.toast-body')) return;
    probing = true;
    const answers = async () => {
      // A proxy before a server that is away answers too, with an error of its own.
      try { return (await fetch('/healthz', { cache: 'no-store' })).ok; } catch { return false; }
    };
    const pause = (milliseconds) => new Promise((go) => { setTimeout(go, milliseconds); });
    // One broken request, and Gradio sends nothing any more: it waits to load the page anew.
    if ($$('.toast-title').some((title) => title.textContent.trim() === 'Connection Lost') || !(await answers())) {
      petname.isLost = true;
      showBanner(petname.say('offline'));
      while (!(await answers())) await pause(2000);
      await pause(6000); // Gradio looks every two seconds and is usually first
      location.reload();
      return;
    }
    const banner = showBanner(petname.say('unexpected'));
    await pause(6000);
    banner.remove();
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

  /* What was pressed or sent while the connection broke may not have arrived: said after the reload. */
  const UNSURE = 'petname.unsure';
  addEventListener('pagehide', () => {
    if (!petname.isLost || !(petname.isBusy() || petname.isUploading())) return;
    try { sessionStorage.setItem(UNSURE, '1'); } catch { /* closed */ }
  });
  function sayUnsure() {
    try {
      if (!sessionStorage.getItem(UNSURE)) return;
      sessionStorage.removeItem(UNSURE);
    } catch { return; }
    const banner = showBanner(petname.say('back'));
    setTimeout(() => banner.remove(), 12000);
  }

  /* Where nothing is kept, the next load of this page is a stranger to it. */
  function sayUnkept() {
    try { localStorage.setItem('petname.kept', '1'); return; } catch { /* closed */ }
    const link = petname.make('a', { href: location.href, target: '_blank', rel: 'noopener' }, petname.say('own_tab'));
    $('.pn-header').after(petname.make('p', { class: 'pn-notice pn-unkept', role: 'status' },
      petname.make('span', {}, petname.say('unkept'), ' ', window.top === window ? null : link)));
  }

  let isWelcomed = false;
  function welcome() {
    if (isWelcomed || petname.say('back') === 'back') return; // the words are not there yet
    isWelcomed = true;
    sayUnsure();
    sayUnkept();
  }

  /* For those who do not see the page: what a training or a comparison has come to. The region is
     there from the start and is only written into; new ones are often passed over. */
  const statusOf = new Map();
  function speakChanges() {
    for (const part of $$('[data-run], [data-drawing]')) {
      const key = part.dataset.run || part.dataset.drawing;
      const { status } = part.dataset;
      const before = statusOf.get(key);
      statusOf.set(key, status);
      if (before === undefined || before === status) continue;
      if (part.dataset.run) speak(`${$('h3', part).textContent}: ${$('.pn-run-status', part).textContent}`);
      else if (status === 'done') speak(petname.say('drawn'));
    }
  }
  function speak(text) {
    const region = $('#pn-spoken');
    if (region) region.textContent = text;
  }

  petname.refreshers.push(keepFolds, hideToasts, noticeTrouble, followStrips, speakChanges, welcome);
})();
