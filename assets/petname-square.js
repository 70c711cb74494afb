/* The square of a photo that the model sees: moved by pointer or keys, in a dialog. */
(() => {
  'use strict';

  const petname = (window.petname = window.petname || { local: {}, refreshers: [] });

  function squareDialog(source) {
    const photo = JSON.parse(source.dataset.square);
    const largest = Math.min(photo.width, photo.height);
    const smallest = Math.max(1, Math.min(largest, Math.round(largest * 0.2)));
    const square = { left: photo.left, top: photo.top, side: Math.min(photo.side, largest) };
    const box = petname.make('div', {
      class: 'pn-square-box', tabindex: '0', role: 'application', 'aria-label': petname.say('square_label'),
    }, petname.make('span', { class: 'pn-square-handle', 'aria-hidden': 'true' }));
    const stage = petname.make('div', { class: 'pn-square-stage' },
      petname.make('img', { src: photo.url, alt: photo.name, draggable: 'false' }), box);
    stage.style.aspectRatio = `${photo.width} / ${photo.height}`;
    stage.style.setProperty('--shape', photo.width / photo.height);
    const size = petname.make('input', {
      type: 'range', min: smallest, max: largest, value: square.side, id: 'pn-square-size',
    });
    const keep = petname.plainButton(petname.say('keep'), 'primary');
    const cancel = petname.plainButton(petname.say('cancel'), 'quiet');

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
    const dialog = petname.openDialog(petname.say('square_title'), [
      petname.make('p', { class: 'pn-help' }, petname.say('square_help')), stage,
      petname.make('div', { class: 'pn-range pn-square-size' },
        petname.make('label', { for: 'pn-square-size' }, petname.say('square_size')), size),
    ], [cancel, keep]);
    dialog.classList.add('pn-square-dialog');
    function finish() {
      dialog.close();
      petname.send({ do: 'photo.square', id: photo.id, left: square.left, top: square.top, side: square.side });
    }
    keep.addEventListener('click', finish);
    cancel.addEventListener('click', () => dialog.close());
    place();
    box.focus();
  }

  petname.local.square = squareDialog;
})();
