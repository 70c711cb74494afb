/* Petname in the browser: who you are, what you press, photos on their way, small controls.
   Python draws the page; this script sends commands and looks after what lives only here. */
(() => {
  'use strict';

  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const byId = (id) => document.getElementById(id);
  const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const store = (key, value) => { try { localStorage.setItem(key, value); } catch { /* closed */ } };
  const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)),
    (byte) => byte.toString(16).padStart(2, '0')).join('');

  let words = {};
  let concept = '';
  const say = (key, blanks = {}) => (words[key] || key)
    .replace(/\{(\w+)\}/g, (whole, name) => (name in blanks ? blanks[name] : whole));

  /* ---- Elements, made without any HTML text ---- */
  function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === true) element.setAttribute(key, '');
      else if (value !== false && value != null) element.setAttribute(key, value);
    }
    element.append(...children.filter((child) => child != null));
    return element;
  }

  /* ---- Commands: one at a time, in order ---- */
  const waiting = [];
  let busySince = 0;

  function send(command) {
    waiting.push(command);
    document.documentElement.classList.add('pn-busy');
    pump();
  }

  function pump() {
    const stuck = busySince && performance.now() - busySince > 20000;
    if (!waiting.length || (busySince && !stuck)) return;
    const bus = byId('pn-bus');
    if (!bus) { setTimeout(pump, 100); return; }
    busySince = performance.now();
    bus.click();
  }

  window.petname = {
    take: () => JSON.stringify(waiting.shift() || { do: 'tab.open', tab: '' }),
    done(conceptNow) {
      concept = conceptNow || '';
      store('petname.concept', concept);
      busySince = 0;
      document.documentElement.classList.toggle('pn-busy', waiting.length > 0);
      document.documentElement.classList.add('pn-ready');
      requestAnimationFrame(refresh);
      pump();
    },
  };
  setInterval(pump, 2000);

  /* ---- Start: language, theme, tab ---- */
  function start() {
    const header = $('.pn-header');
    if (!header || !byId('pn-panel-manage')) { setTimeout(start, 50); return; }
    words = JSON.parse(header.dataset.words || '{}');
    document.documentElement.lang = header.dataset.language;
    const theme = stored('petname.theme');
    if (theme) document.body.classList.toggle('dark', theme === 'dark');
    const asked = location.hash.slice(1);
    showTab(byId(`pn-tab-${asked}`) ? asked : stored('petname.tab') || 'upload', false);
    refresh();
    new MutationObserver(() => { keepTyping(); refreshSoon(); })
      .observe($('.gradio-container') || document.body,
        { childList: true, subtree: true, attributes: true, attributeFilter: ['value'] });
  }

  /* ---- Tabs ---- */
  function showTab(name, tell = true) {
    if (!byId(`pn-tab-${name}`)) name = 'upload';
    for (const tab of $$('.pn-tab')) {
      const chosen = tab.dataset.tab === name;
      tab.setAttribute('aria-selected', String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      const panel = byId(`pn-panel-${tab.dataset.tab}`);
      panel.classList.toggle('pn-open', chosen);
      panel.setAttribute('role', 'tabpanel');
      panel.setAttribute('aria-labelledby', tab.id);
    }
    document.documentElement.dataset.openTab = name;
    store('petname.tab', name);
    if (tell) {
      history.replaceState(null, '', `#${name}`);
      send({ do: 'tab.open', tab: name });
      window.scrollTo({ top: 0 });
    }
  }

  function moveInTabs(event) {
    const tabs = $$('.pn-tab');
    const at = tabs.indexOf(event.target);
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -at, End: tabs.length - 1 - at }[event.key];
    if (at < 0 || step === undefined) return;
    event.preventDefault();
    const next = tabs[(at + step + tabs.length) % tabs.length];
    next.focus();
    showTab(next.dataset.tab);
  }

  /* ---- Drafts: what is typed or chosen and not yet sent survives a reload ---- */
  const draftKey = (input) => `petname.draft.${concept}.${input.dataset.keep}`;
  const restored = new WeakMap();

  function keepDraft(input) {
    store(draftKey(input), input.value);
    restored.set(input, draftKey(input));
  }

  function restoreDrafts() {
    for (const input of $$('[data-keep]')) {
      const key = draftKey(input);
      const options = input.tagName === 'SELECT' ? input.options.length : 0;
      if (restored.get(input) === `${key}${options}` || restored.get(input) === key) continue;
      restored.set(input, `${key}${options}`);
      const draft = stored(key);
      if (draft === null) continue;
      const offered = input.tagName !== 'SELECT' || Array.from(input.options).some((one) => one.value === draft);
      if (offered) input.value = draft;
    }
  }

  /* ---- Typing: a part that is drawn again while somebody types in it must not take it away ---- */
  let typing = null;
  function rememberTyping(input) {
    typing = { id: input.id, value: input.value, from: input.selectionStart, to: input.selectionEnd };
  }

  function keepTyping() {
    const input = typing && byId(typing.id);
    if (!input) return;
    if (input.value !== typing.value) input.value = typing.value;
    if (document.activeElement === document.body) {
      input.focus({ preventScroll: true });
      input.setSelectionRange(typing.from, typing.to);
    }
  }

  function sendChange(input) {
    typing = null;
    clearTimeout(checking);
    send({ do: 'concept.change', field: input.dataset.changes, value: input.value });
  }

  function showRanges() {
    for (const range of $$('.pn-range input')) {
      const output = range.parentElement.querySelector('output');
      const number = Number(range.value).toString();
      const text = document.documentElement.lang === 'fr' ? number.replace('.', ',') : number;
      if (output && output.textContent !== text) output.textContent = text;
      const share = (range.value - range.min) / (range.max - range.min);
      range.style.setProperty('--filled', `${100 * share}%`);
    }
  }

  let soon = 0;
  function refreshSoon() {
    if (soon) return;
    soon = requestAnimationFrame(() => { soon = 0; refresh(); });
  }

  function refresh() {
    restoreDrafts();
    showRanges();
    showCustomModel();
    keepFolds();
    hideToasts();
    noticeTrouble();
    followStrips();
  }

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

  function showCustomModel() {
    const field = $('.pn-custom-model');
    const chosen = $('input[name="pn-model"]:checked');
    if (field) field.classList.toggle('pn-shown', Boolean(chosen && chosen.value === 'custom'));
  }

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
      banner = make('div', { class: 'pn-offline', role: 'alert' }, text);
      ($('.gradio-container') || document.body).append(banner);
    };
    const answers = async () => {
      try { await fetch('/healthz', { cache: 'no-store' }); return true; } catch { return false; }
    };
    const pause = (milliseconds) => new Promise((go) => { setTimeout(go, milliseconds); });
    if (await answers()) {
      show(say('unexpected'));
      await pause(6000);
    } else {
      show(say('offline'));
      while (!(await answers())) await pause(2000);
    }
    if (banner) banner.remove();
    for (const close of $$('.toast-close')) close.click();
    busySince = 0;
    probing = false;
    pump();
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

  /* ---- Dialogs ---- */
  function openDialog(title, content, actions) {
    const close = make('button', { type: 'button', class: 'pn-dialog-close', 'aria-label': say('close') }, '×');
    const heading = make('h2', { id: 'pn-dialog-title' }, title);
    const dialog = make('dialog', { class: 'pn-dialog', 'aria-labelledby': 'pn-dialog-title' },
      make('div', { class: 'pn-dialog-head' }, heading, close), ...content,
      actions.length ? make('div', { class: 'pn-actions' }, ...actions) : null);
    close.addEventListener('click', () => dialog.close());
    dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener('close', () => dialog.remove());
    ($('.gradio-container') || document.body).append(dialog);
    dialog.showModal();
    return dialog;
  }

  const plainButton = (text, kind) =>
    make('button', { type: 'button', class: `pn-button pn-button-${kind}` }, make('span', {}, text));

  function confirmThen(question, yes, action) {
    const no = plainButton(say('cancel'), 'quiet');
    const go = plainButton(yes, 'danger');
    const dialog = openDialog(say('sure'), [make('p', {}, question)], [no, go]);
    no.addEventListener('click', () => dialog.close());
    go.addEventListener('click', () => { dialog.close(); action(); });
    no.focus();
  }

  function renameDialog(source) {
    const input = make('input', { type: 'text', maxlength: '60', id: 'pn-rename-input', value: source.dataset.name });
    const label = make('label', { for: 'pn-rename-input' }, say('rename_label'));
    const save = plainButton(say('save'), 'primary');
    const dialog = openDialog(say('rename_title'), [make('div', { class: 'pn-field' }, label, input)], [save]);
    const finish = () => {
      const name = input.value.trim();
      dialog.close();
      if (name && name !== source.dataset.name) send({ do: 'artifact.rename', id: source.dataset.id, name });
    };
    save.addEventListener('click', finish);
    input.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault(); // or Enter presses the button that has the focus again
      finish();
    });
    input.select();
  }

  function enlarge(picture) {
    const image = make('img', { src: picture.src, alt: picture.alt });
    openDialog(picture.title || picture.dataset.label || picture.alt, [image], [])
      .classList.add('pn-lightbox');
  }

  /* ---- The square of a photo ---- */
  function squareDialog(source) {
    const photo = JSON.parse(source.dataset.square);
    const largest = Math.min(photo.width, photo.height);
    const smallest = Math.max(1, Math.min(largest, Math.round(largest * 0.2)));
    const square = { left: photo.left, top: photo.top, side: Math.min(photo.side, largest) };
    const box = make('div', {
      class: 'pn-square-box', tabindex: '0', role: 'application', 'aria-label': say('square_label'),
    }, make('span', { class: 'pn-square-handle', 'aria-hidden': 'true' }));
    const stage = make('div', { class: 'pn-square-stage' },
      make('img', { src: photo.url, alt: photo.name, draggable: 'false' }), box);
    stage.style.aspectRatio = `${photo.width} / ${photo.height}`;
    stage.style.setProperty('--shape', photo.width / photo.height);
    const size = make('input', {
      type: 'range', min: smallest, max: largest, value: square.side, id: 'pn-square-size',
    });
    const keep = plainButton(say('keep'), 'primary');
    const cancel = plainButton(say('cancel'), 'quiet');

    const limit = (value, low, high) => Math.min(high, Math.max(low, value));
    function place() {
      square.side = limit(Math.round(square.side), smallest, largest);
      square.left = limit(Math.round(square.left), 0, photo.width - square.side);
      square.top = limit(Math.round(square.top), 0, photo.height - square.side);
      box.style.left = `${(100 * square.left) / photo.width}%`;
      box.style.top = `${(100 * square.top) / photo.height}%`;
      box.style.width = `${(100 * square.side) / photo.width}%`;
      size.value = square.side;
      size.style.setProperty('--filled', `${(100 * (square.side - smallest)) / Math.max(1, largest - smallest)}%`);
    }
    function resize(side) {
      const before = square.side;
      square.side = limit(side, smallest, largest);
      square.left += (before - square.side) / 2;
      square.top += (before - square.side) / 2;
      place();
    }
    box.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      box.focus();
      box.setPointerCapture(event.pointerId);
      const scale = photo.width / stage.clientWidth;
      const from = { x: event.clientX, y: event.clientY, ...square };
      const stretching = event.target.classList.contains('pn-square-handle');
      const move = (now) => {
        const across = (now.clientX - from.x) * scale;
        const down = (now.clientY - from.y) * scale;
        if (stretching) {
          const room = Math.min(photo.width - from.left, photo.height - from.top);
          square.side = limit(from.side + Math.max(across, down), smallest, room);
        } else {
          square.left = from.left + across;
          square.top = from.top + down;
        }
        place();
      };
      box.addEventListener('pointermove', move);
      box.addEventListener('lostpointercapture', () => box.removeEventListener('pointermove', move), { once: true });
    });
    box.addEventListener('keydown', (event) => {
      const step = Math.max(1, Math.round(largest * (event.shiftKey ? 0.1 : 0.02)));
      const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      if (moves[event.key]) {
        square.left += moves[event.key][0] * step;
        square.top += moves[event.key][1] * step;
        place();
      } else if (event.key === '+' || event.key === '=') resize(square.side + step);
      else if (event.key === '-') resize(square.side - step);
      else if (event.key === 'Enter') finish();
      else return;
      event.preventDefault();
    });
    size.addEventListener('input', () => resize(Number(size.value)));
    const dialog = openDialog(say('square_title'), [
      make('p', { class: 'pn-help' }, say('square_help')), stage,
      make('div', { class: 'pn-range pn-square-size' },
        make('label', { for: 'pn-square-size' }, say('square_size')), size),
    ], [cancel, keep]);
    dialog.classList.add('pn-square-dialog');
    function finish() {
      dialog.close();
      send({ do: 'photo.square', id: photo.id, left: square.left, top: square.top, side: square.side });
    }
    keep.addEventListener('click', finish);
    cancel.addEventListener('click', () => dialog.close());
    place();
    box.focus();
  }

  /* ---- Uploads ---- */
  const MAX_FILES = 60;
  const MAX_CHUNK_BYTES = 40e6;

  function chunksOf(files) {
    const chunks = [[]];
    let size = 0;
    for (const file of files) {
      if (size && size + file.size > MAX_CHUNK_BYTES) { chunks.push([]); size = 0; }
      chunks[chunks.length - 1].push(file);
      size += file.size;
    }
    return chunks;
  }

  function post(purpose, files, onProgress) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const query = new URLSearchParams({ concept_id: purpose === 'photos' ? concept : '', purpose });
      const form = new FormData();
      for (const file of files) form.append('files', file, file.name || 'photo.png');
      request.open('POST', `/petname/upload?${query}`);
      request.setRequestHeader('X-Petname-Owner', window.petnameToken || '');
      request.responseType = 'json';
      request.timeout = 300000;
      request.upload.onprogress = (event) => onProgress(event.loaded);
      request.onload = () => (request.status === 200 && request.response
        ? resolve(request.response) : reject(request.response || {}));
      request.onerror = request.ontimeout = () => reject({});
      request.send(form);
    });
  }

  async function upload(purpose, list) {
    const files = Array.from(list);
    if (!files.length) return;
    if (files.length > MAX_FILES) { send({ do: 'upload.failed', sentence: say('too_many') }); return; }
    const total = files.reduce((sum, file) => sum + file.size, 0) || 1;
    const bar = make('span', { class: 'pn-progress-fill', style: 'width:0%' });
    const progress = make('div', { class: 'pn-progress', role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100 }, bar);
    const status = make('b', {}, say('sending'));
    const count = files.length === 1 ? say('files_one') : say('files_many', { n: files.length });
    const batch = make('div', { class: 'pn-batch', role: 'status' },
      make('div', { class: 'pn-run-line' }, status, make('span', {}, count)), progress);
    $(`[data-batches="${purpose}"]`).append(batch);
    const show = (sent) => {
      const share = Math.min(100, Math.round((100 * sent) / total));
      bar.style.width = `${share}%`;
      progress.setAttribute('aria-valuenow', share);
      if (share === 100) status.textContent = say('reading');
    };
    const answer = { concept_id: '', added: 0, refused: [] };
    let sentBefore = 0;
    try {
      for (const chunk of chunksOf(files)) {
        const size = chunk.reduce((sum, file) => sum + file.size, 0);
        const result = await post(purpose, chunk, (sent) => show(sentBefore + Math.min(sent, size)));
        sentBefore += size;
        show(sentBefore);
        if (purpose === 'photos') concept = result.concept_id || concept;
        answer.concept_id = concept;
        answer.added += result.added;
        answer.refused.push(...result.refused);
        status.textContent = say('sending');
      }
    } catch (problem) {
      send({
        do: 'upload.failed', code: problem.code || '', sentence: problem.sentence || say('failed'),
        details: problem.details || {},
      });
    }
    batch.remove();
    if (answer.added || answer.refused.length) {
      answer.refused = answer.refused.slice(0, 40);
      send({ do: purpose === 'photos' ? 'photos.arrived' : 'files.arrived', ...answer });
    }
  }

  const dropOf = (event) => event.target.closest && event.target.closest('.pn-drop');
  document.addEventListener('dragover', (event) => {
    if (!event.dataTransfer || !Array.from(event.dataTransfer.types).includes('Files')) return;
    event.preventDefault();
    for (const zone of $$('.pn-drop')) zone.classList.toggle('pn-drop-over', zone === dropOf(event));
  });
  document.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) for (const zone of $$('.pn-drop')) zone.classList.remove('pn-drop-over');
  });
  document.addEventListener('drop', (event) => {
    if (!event.dataTransfer || !event.dataTransfer.files.length) return;
    event.preventDefault();
    for (const zone of $$('.pn-drop')) zone.classList.remove('pn-drop-over');
    const zone = dropOf(event) || $('.pn-panel.pn-open .pn-drop');
    if (zone) upload(zone.dataset.purpose, event.dataTransfer.files);
  });
  document.addEventListener('paste', (event) => {
    const files = event.clipboardData ? event.clipboardData.files : [];
    if (!files.length) return;
    event.preventDefault();
    upload(document.documentElement.dataset.openTab === 'manage' ? 'artifact' : 'photos', files);
  });

  /* ---- What the controls of a tab say ---- */
  const valueOf = (id, usual = '') => (byId(id) ? byId(id).value : usual);
  const chosenOf = (name, usual = '') => {
    const input = $(`input[name="${name}"]:checked`);
    return input ? input.value : usual;
  };
  let startKey = newKey();

  const gather = {
    train: () => ({
      model: chosenOf('pn-model'), custom: valueOf('pn-custom-model'), teach: chosenOf('pn-teach'),
      preset: chosenOf('pn-preset'), key: startKey,
    }),
    compare: () => ({
      prompt: valueOf('pn-prompt'), negative_prompt: valueOf('pn-negative-prompt'),
      seed: valueOf('pn-seed', '0'), num_images: valueOf('pn-num-images', '1'),
      steps: valueOf('pn-steps', '20'), embedding: valueOf('pn-embedding-choice'),
      lora: valueOf('pn-lora-choice'), embedding_strength: valueOf('pn-embedding-strength', '1'),
      lora_strength: valueOf('pn-lora-strength', '1'),
      negative_ids: $$('input[name="pn-negative"]:checked').map((input) => input.value),
    }),
  };

  function fieldsOf(button) {
    const command = { do: button.dataset.do };
    if (button.dataset.id) command.id = button.dataset.id;
    if (button.dataset.word) command.word = button.dataset.word;
    if (button.hasAttribute('aria-expanded')) command.expanded = button.getAttribute('aria-expanded');
    const list = button.closest('.pn-panel') && $('.pn-files', button.closest('.pn-panel'));
    if (list && command.do.startsWith('artifact.')) command.shown = list.dataset.shown;
    if (button.dataset.gather) Object.assign(command, gather[button.dataset.gather]());
    return command;
  }

  function act(button) {
    const command = fieldsOf(button);
    const go = () => {
      send(command);
      if (command.do === 'train.start') {
        setTimeout(() => { startKey = newKey(); }, 4000);
        setTimeout(() => byId('pn-train-runs').scrollIntoView({ behavior: 'smooth', block: 'start' }), 900);
      }
      if (command.do === 'compare.draw') {
        setTimeout(() => byId('pn-compare-results').scrollIntoView({ behavior: 'smooth', block: 'start' }), 900);
      }
      if (['concept.open', 'concept.new'].includes(command.do) && document.documentElement.dataset.openTab === 'manage') {
        showTab('upload');
      }
    };
    if (button.dataset.confirm) confirmThen(button.dataset.confirm, button.dataset.confirmButton, go);
    else go();
  }

  /* ---- Controls that need no server ---- */
  function typeInto(field, text) {
    field.value = text;
    keepDraft(field);
    field.focus();
  }

  function wordNow() {
    const chosen = [byId('pn-embedding-choice'), byId('pn-lora-choice')]
      .map((select) => select && select.selectedOptions[0] && select.selectedOptions[0].dataset.word)
      .filter(Boolean);
    const chip = $('.pn-chip-word');
    return chosen[0] || (chip ? chip.dataset.word : '');
  }

  const local = {
    theme() {
      const dark = document.body.classList.toggle('dark');
      store('petname.theme', dark ? 'dark' : 'light');
    },
    square: squareDialog,
    enlarge,
    rename: renameDialog,
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
      keepDraft(field);
    },
    async copy(button) {
      const text = $('pre', button.closest('.pn-copy')).textContent;
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        const area = make('textarea', { class: 'pn-offscreen' }, text);
        document.body.append(area);
        area.select();
        document.execCommand('copy');
        area.remove();
      }
      const label = $('span', button);
      const before = label.textContent;
      label.textContent = say('copied');
      setTimeout(() => { label.textContent = before; }, 1600);
    },
  };

  function slide(select) {
    const picture = $(`img[data-picture="${CSS.escape(select.value)}"]`);
    const shown = $(`.pn-slider-${select.dataset.side}`);
    if (picture && shown) shown.src = picture.src;
  }

  function chooseFile() {
    const word = wordNow();
    for (const chip of $$('.pn-chip[data-template]')) {
      chip.textContent = chip.dataset.template.replace('{word}', word);
    }
    const chip = $('.pn-chip-word');
    if (!chip || !word || chip.dataset.word === word) return;
    const field = byId('pn-prompt');
    typeInto(field, field.value.split(chip.dataset.word).join(word));
    chip.dataset.word = word;
    $('code', chip).textContent = word;
  }

  /* ---- Listening, once for the whole page ---- */
  document.addEventListener('click', (event) => {
    const target = event.target.closest('[data-do], [data-local], [data-go], .pn-tab');
    if (!target || target.tagName === 'SELECT') return;
    if (target.dataset.do) { event.preventDefault(); act(target); }
    else if (target.dataset.go) showTab(target.dataset.go);
    else if (target.dataset.tab) showTab(target.dataset.tab);
    else if (local[target.dataset.local]) local[target.dataset.local](target);
  });

  document.addEventListener('keydown', (event) => {
    const on = event.target;
    if (on.classList && on.classList.contains('pn-tab')) moveInTabs(event);
    if (on.dataset && on.dataset.local === 'enlarge' && (event.key === 'Enter' || event.key === ' ')) {
      event.preventDefault();
      enlarge(on);
    }
    if (event.key === 'Enter' && on.matches && on.matches('input[data-changes]')) on.blur();
  });

  document.addEventListener('change', (event) => {
    const input = event.target;
    if (input.classList.contains('pn-file-input')) {
      upload(input.dataset.purpose, input.files);
      input.value = '';
    } else if (input.dataset.changes === 'train') {
      showCustomModel();
      const { model, custom, teach, preset } = gather.train();
      send({ do: 'train.choose', model, custom, teach, preset });
    } else if (input.dataset.changes) sendChange(input);
 else if (input.dataset.local === 'slide') slide(input);
    else if (input.dataset.local === 'choose-file') chooseFile();
    if (input.dataset.keep) keepDraft(input);
  });

  /* Where a part was drawn again under the fingers, the browser no longer sees a change. */
  document.addEventListener('focusout', (event) => {
    const input = event.target;
    if (!typing || !input.isConnected || input.id !== typing.id) return;
    setTimeout(() => { if (typing && typing.id === input.id) sendChange(input); }, 0);
  });

  let checking = 0;
  document.addEventListener('input', (event) => {
    const input = event.target;
    if (input.dataset.keep) keepDraft(input);
    if (input.dataset.changes && input.id) rememberTyping(input);
    if (input.closest('.pn-range')) showRanges();
    if (input.classList.contains('pn-slider-input')) {
      input.parentElement.style.setProperty('--at', `${input.value}%`);
    }
    if (input.dataset.checks === 'word') {
      clearTimeout(checking);
      checking = setTimeout(() => send({ do: 'word.check', value: input.value }), 350);
    }
  });

  start();
})();
