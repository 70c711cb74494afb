/* Photos and files on their way to the server: dropped, pasted or picked, with a bar for each batch. */
(() => {
  'use strict';

  const petname = (window.petname = window.petname || { local: {}, refreshers: [] });
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => Array.from(root.querySelectorAll(selector));

  const MAX_FILES = 60;
  const MAX_CHUNK_BYTES = 40e6;
  const FORM_BYTES = 1000; // more than a form adds to a file
  const QUIET_MILLISECONDS = 60000;
  const ANSWER_MILLISECONDS = 600000;

  const weightOf = (file) => file.size + FORM_BYTES;

  function chunksOf(files, limit) {
    const chunks = [];
    let weight = Infinity;
    for (const file of files) {
      if (weight + weightOf(file) > Math.min(limit, MAX_CHUNK_BYTES)) { chunks.push([]); weight = 0; }
      chunks[chunks.length - 1].push(file);
      weight += weightOf(file);
    }
    return chunks;
  }

  /* Send files; given up where nothing moves any more, however long it takes while it does. */
  function post(purpose, concept, files, onProgress) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const query = new URLSearchParams({ concept_id: purpose === 'photos' ? concept : '', purpose });
      const form = new FormData();
      for (const file of files) form.append('files', file, file.name || 'photo.png');
      let patience = 0;
      const wait = (milliseconds) => {
        clearTimeout(patience);
        patience = setTimeout(() => request.abort(), milliseconds);
      };
      request.open('POST', `/petname/upload?${query}`);
      request.setRequestHeader('X-Petname-Owner', window.petnameToken || '');
      request.responseType = 'json';
      request.upload.onprogress = (event) => { wait(QUIET_MILLISECONDS); onProgress(event.loaded); };
      request.upload.onload = () => wait(ANSWER_MILLISECONDS);
      request.onload = () => (request.status === 200 && request.response
        ? resolve(request.response) : reject(request.response || {}));
      request.onerror = request.onabort = () => reject({});
      request.onloadend = () => clearTimeout(patience);
      wait(QUIET_MILLISECONDS);
      request.send(form);
    });
  }

  function showBatch(purpose, files) {
    const total = files.reduce((sum, file) => sum + file.size, 0) || 1;
    const bar = petname.make('span', { class: 'pn-progress-fill', style: 'width:0%' });
    const progress = petname.make('div', { class: 'pn-progress', role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100 }, bar);
    const status = petname.make('b', {}, petname.say('sending'));
    const count = files.length === 1 ? petname.say('files_one') : petname.say('files_many', { n: files.length });
    const element = petname.make('div', { class: 'pn-batch', role: 'status' },
      petname.make('div', { class: 'pn-run-line' }, status, petname.make('span', {}, count)), progress);
    $(`[data-batches="${purpose}"]`).append(element);
    const show = (sent) => {
      const share = Math.min(100, Math.round((100 * sent) / total));
      bar.style.width = `${share}%`;
      progress.setAttribute('aria-valuenow', share);
      status.textContent = petname.say(share < 100 ? 'sending' : purpose === 'photos' ? 'reading'
        : files.length === 1 ? 'reading_file' : 'reading_files');
    };
    return { show, remove: () => element.remove() };
  }

  function tooLarge(purpose, file, limit) {
    const code = purpose === 'photos' ? 'web.too_large' : 'file.too_large';
    const [size_mb, limit_mb] = [file.size, limit].map((bytes) => Math.floor(bytes / 1e6));
    return { display_name: file.name, code, sentence: '', details: { size_mb, limit_mb } };
  }

  /* Uploads go one after another, each to the pet that was open when it began; those begun before
     there was any go to the pet that the first of them makes. */
  let line = Promise.resolve();
  let waiting = 0;
  let born = '';

  function upload(purpose, list) {
    const files = Array.from(list);
    if (!files.length) return;
    if (files.length > MAX_FILES) { petname.send({ do: 'upload.failed', sentence: petname.say('too_many') }); return; }
    if (!waiting) born = '';
    waiting += 1;
    const concept = petname.concept;
    const batch = showBatch(purpose, files);
    const go = () => carry(purpose, files, concept, batch).finally(() => { waiting -= 1; batch.remove(); });
    line = line.then(go, go);
  }

  async function carry(purpose, files, concept, batch) {
    const limit = Number($(`.pn-drop[data-purpose="${purpose}"]`).dataset.maxBytes);
    const fits = (file) => weightOf(file) <= limit;
    const refused = files.filter((file) => !fits(file)).map((file) => tooLarge(purpose, file, limit));
    const answer = { concept_id: concept || born, added: 0, refused };
    let problem = null;
    let sentBefore = 0;
    for (const chunk of chunksOf(files.filter(fits), limit)) {
      const size = chunk.reduce((sum, file) => sum + file.size, 0);
      try {
        const result = await post(purpose, answer.concept_id, chunk, (sent) => batch.show(sentBefore + Math.min(sent, size)));
        answer.added += result.added;
        answer.refused.push(...result.refused);
        if (purpose === 'photos') answer.concept_id = result.concept_id;
      } catch (refusal) {
        problem = refusal; // of these files; those behind them may be taken
      }
      if (!concept) born = answer.concept_id;
      petname.concept = petname.concept || answer.concept_id;
      sentBefore += size;
      batch.show(sentBefore);
    }
    if (answer.added || answer.refused.length) {
      answer.num_refused = answer.refused.length;
      answer.refused = answer.refused.slice(0, 40);
      petname.send({ do: purpose === 'photos' ? 'photos.arrived' : 'files.arrived', ...answer });
    }
    if (problem) failed(problem);
  }

  function failed(problem) {
    petname.send({
      do: 'upload.failed', code: problem.code || '', sentence: problem.sentence || petname.say('failed'),
      details: problem.details || {},
    });
  }

  /* What was dropped, with what lies in folders among it. */
  const asked = (ask) => new Promise((resolve, reject) => { ask(resolve, reject); });
  async function droppedFiles(transfer) {
    const files = Array.from(transfer.files);
    const entries = Array.from(transfer.items).map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry());
    if (!entries.some((entry) => entry && entry.isDirectory)) return files;
    const found = [];
    for (const entry of entries.filter(Boolean)) await collect(entry, found);
    return found;
  }
  async function collect(entry, found) {
    if (found.length > MAX_FILES || entry.name.startsWith('.')) return;
    if (entry.isFile) { found.push(await asked((resolve, reject) => entry.file(resolve, reject))); return; }
    const reader = entry.createReader();
    for (;;) {
      const inside = await asked((resolve, reject) => reader.readEntries(resolve, reject));
      if (!inside.length) return;
      for (const one of inside) await collect(one, found);
    }
  }

  petname.isUploading = () => waiting > 0;
  /* What is on its way would be cut off; a page that has lost its connection loads anew by itself. */
  addEventListener('beforeunload', (event) => {
    if (waiting && !petname.isLost) event.preventDefault();
  });

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
    if (zone) droppedFiles(event.dataTransfer).then((files) => upload(zone.dataset.purpose, files), () => failed({}));
  });
  document.addEventListener('paste', (event) => {
    const files = event.clipboardData ? event.clipboardData.files : [];
    if (!files.length) return;
    // Spreadsheets and slides put a picture of the text beside it: a field takes the text.
    const isField = event.target.closest('textarea, input:is([type="text"], [type="number"], [type="password"])');
    if (isField && event.clipboardData.types.includes('text/plain')) return;
    event.preventDefault();
    upload(document.documentElement.dataset.openTab === 'manage' ? 'artifact' : 'photos', files);
  });

  document.addEventListener('change', (event) => {
    const input = event.target;
    if (!input.classList.contains('pn-file-input')) return;
    upload(input.dataset.purpose, input.files);
    input.value = '';
  });
})();
