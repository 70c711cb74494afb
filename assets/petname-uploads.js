/* Photos and files on their way to the server: dropped, pasted or picked, with a bar for each batch. */
(() => {
  'use strict';

  const petname = (window.petname = window.petname || { local: {}, refreshers: [] });
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => Array.from(root.querySelectorAll(selector));

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
      const query = new URLSearchParams({ concept_id: purpose === 'photos' ? petname.concept : '', purpose });
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
    if (files.length > MAX_FILES) { petname.send({ do: 'upload.failed', sentence: petname.say('too_many') }); return; }
    const total = files.reduce((sum, file) => sum + file.size, 0) || 1;
    const bar = petname.make('span', { class: 'pn-progress-fill', style: 'width:0%' });
    const progress = petname.make('div', { class: 'pn-progress', role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100 }, bar);
    const status = petname.make('b', {}, petname.say('sending'));
    const count = files.length === 1 ? petname.say('files_one') : petname.say('files_many', { n: files.length });
    const batch = petname.make('div', { class: 'pn-batch', role: 'status' },
      petname.make('div', { class: 'pn-run-line' }, status, petname.make('span', {}, count)), progress);
    $(`[data-batches="${purpose}"]`).append(batch);
    const show = (sent) => {
      const share = Math.min(100, Math.round((100 * sent) / total));
      bar.style.width = `${share}%`;
      progress.setAttribute('aria-valuenow', share);
      if (share === 100) status.textContent = petname.say('reading');
    };
    const answer = { concept_id: '', added: 0, refused: [] };
    let sentBefore = 0;
    try {
      for (const chunk of chunksOf(files)) {
        const size = chunk.reduce((sum, file) => sum + file.size, 0);
        const result = await post(purpose, chunk, (sent) => show(sentBefore + Math.min(sent, size)));
        sentBefore += size;
        show(sentBefore);
        if (purpose === 'photos') petname.concept = result.concept_id || petname.concept;
        answer.concept_id = petname.concept;
        answer.added += result.added;
        answer.refused.push(...result.refused);
        status.textContent = petname.say('sending');
      }
    } catch (problem) {
      petname.send({
        do: 'upload.failed', code: problem.code || '', sentence: problem.sentence || petname.say('failed'),
        details: problem.details || {},
      });
    }
    batch.remove();
    if (answer.added || answer.refused.length) {
      answer.num_refused = answer.refused.length;
      answer.refused = answer.refused.slice(0, 40);
      petname.send({ do: purpose === 'photos' ? 'photos.arrived' : 'files.arrived', ...answer });
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

  document.addEventListener('change', (event) => {
    const input = event.target;
    if (!input.classList.contains('pn-file-input')) return;
    upload(input.dataset.purpose, input.files);
    input.value = '';
  });
})();
