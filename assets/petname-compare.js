/* Controls of the compare tab that need no server, and the buttons that copy a text. */
(() => {
  'use strict';

  const petname = (window.petname = window.petname || { local: {}, refreshers: [] });
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const byId = (id) => document.getElementById(id);

  function typeInto(field, text) {
    field.value = text;
    petname.keepDraft(field);
    field.focus();
  }

  function wordNow() {
    const chosen = [byId('pn-embedding-choice'), byId('pn-lora-choice')]
      .map((select) => select && select.selectedOptions[0] && select.selectedOptions[0].dataset.word)
      .filter(Boolean);
    const chip = $('.pn-chip-word');
    return chosen[0] || (chip ? chip.dataset.word : '');
  }

  function slide(select) {
    const picture = $(`img[data-picture="${CSS.escape(select.value)}"]`);
    const shown = $(`.pn-slider-${select.dataset.side}`);
    if (picture && shown && shown.src !== picture.src) shown.src = picture.src;
  }

  const moveLine = (input) => input.parentElement.style.setProperty('--at', `${input.value}%`);

  /* The slider shows what is chosen beside it, however often the pictures are drawn again. */
  function showSlider() {
    $$('select[data-local="slide"]').forEach(slide);
    $$('.pn-slider-input').forEach(moveLine);
  }

  /* Negative embeddings for other models than the chosen one are left out; the server does too. */
  function fitNegatives() {
    const chosen = [byId('pn-embedding-choice'), byId('pn-lora-choice')]
      .map((select) => select && select.selectedOptions[0] && select.selectedOptions[0].dataset.family)
      .find(Boolean);
    for (const label of $$('.pn-check-label[data-family]')) {
      label.style.display = chosen && label.dataset.family !== chosen ? 'none' : '';
    }
  }

  /* A style is asked for in other sentences than a pet. */
  function fitExamples() {
    const kind = [byId('pn-embedding-choice'), byId('pn-lora-choice')]
      .map((select) => select && select.selectedOptions[0] && select.selectedOptions[0].dataset.kind)
      .find(Boolean);
    for (const chip of kind ? $$('.pn-chip[data-template]') : []) {
      chip.style.display = chip.dataset.kind === kind ? '' : 'none';
    }
  }

  /* The chips offer the word of the file that is chosen, also of one that a draft has chosen. */
  let word = '';
  function showWord() {
    word = wordNow();
    const say = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };
    for (const chip of $$('.pn-chip[data-template]')) say(chip, chip.dataset.template.replace('{word}', word));
    say($('.pn-chip-word code'), word);
  }

  /* Whole and in any case, as the server finds it. */
  function findWord(text) {
    const escaped = text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
    return new RegExp(`(?<![\\p{L}\\p{N}_-])${escaped}(?![\\p{L}\\p{N}_-])`, 'giu');
  }

  function chooseFile() {
    fitNegatives();
    fitExamples();
    const before = word;
    showWord();
    if (!before || !word || before === word) return;
    const field = byId('pn-prompt');
    typeInto(field, field.value.replace(findWord(before), () => word));
  }

  petname.refreshers.push(fitNegatives, fitExamples, showSlider, showWord);

  Object.assign(petname.local, {
    'insert-word'() {
      const field = byId('pn-prompt');
      const [from, to] = [field.selectionStart, field.selectionEnd];
      const before = field.value.slice(0, from).replace(/\s*$/, (gap) => (from ? gap || ' ' : ''));
      const after = field.value.slice(to).replace(/^\s*/, (gap) => gap || ' ');
      typeInto(field, `${before}${wordNow()}${after}`.trimEnd());
    },
    example(button) { typeInto(byId('pn-prompt'), button.dataset.template.replace('{word}', wordNow())); },
    dice() {
      const field = byId('pn-seed');
      field.value = crypto.getRandomValues(new Uint32Array(1))[0] % 1000000;
      petname.keepDraft(field);
    },
    async copy(button) {
      const text = $('pre', button.closest('.pn-copy')).textContent;
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        const area = petname.make('textarea', { class: 'pn-offscreen' }, text);
        document.body.append(area);
        area.select();
        document.execCommand('copy');
        area.remove();
      }
      const label = $('span', button);
      const before = label.textContent;
      label.textContent = petname.say('copied');
      setTimeout(() => { label.textContent = before; }, 1600);
    },
  });

  document.addEventListener('change', (event) => {
    const input = event.target;
    if (input.dataset.local === 'slide') slide(input);
    else if (input.dataset.local === 'choose-file') chooseFile();
  });

  document.addEventListener('input', (event) => {
    const input = event.target;
    if (input.classList.contains('pn-slider-input')) moveLine(input);
  });
})();
