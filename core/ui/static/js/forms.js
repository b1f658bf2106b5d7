/* What forms gain from scripts: composer modes, drafts, previews, signatures, guards and single submission. */
(function () {
  'use strict';
  var pd = window.polydesk, one = pd.one, all = pd.all, words = pd.words, doc = document;
  var SAVE_AFTER = 800;

  /* --- submission: once, with the key that makes a repeat harmless ------------------------------------------------------ */
  doc.addEventListener('submit', function (event) {
    var form = event.target;
    if (event.defaultPrevented) { return; }
    if (form.matches('[data-composer]') && !form.dataset.cleared && guard(form)) { event.preventDefault(); return; }
    all('canvas[data-sign]', form).forEach(keepSignature);
    forget(form);
    form.classList.remove('dirty');
    setTimeout(function () { all('button[type=submit],button:not([type])', form).forEach(function (b) { b.disabled = true; }); }, 0);
    setTimeout(function () { all('button[type=submit],button:not([type])', form).forEach(function (b) { b.disabled = false; }); }, 8000);
  });
  window.addEventListener('pageshow', function () { all('button:disabled[type=submit]').forEach(function (b) { b.disabled = false; }); });

  /* --- composer: two modes, two drafts; Enter never sends, Ctrl or Cmd with Enter does ------------------------------------- */
  function draftKey(form) { return 'pd-draft:' + form.dataset.draft + ':' + one('[data-mode-field]', form).value; }
  function setMode(form, tab) {
    var area = one('textarea', form), field = one('[data-mode-field]', form), mode = tab.dataset.mode;
    if (field.value !== mode) {
      store(form);
      field.value = mode;
      area.value = read(draftKey(form));
    }
    all('[role=tab]', form).forEach(function (other) { other.setAttribute('aria-selected', String(other === tab)); });
    form.classList.toggle('note', mode === 'note');
    area.placeholder = tab.dataset.hint || '';
    area.setAttribute('aria-label', tab.dataset.label);
    one('[data-send]', form).textContent = tab.dataset.words;
    area.focus();
  }
  doc.addEventListener('click', function (event) {
    var tab = event.target.closest('[data-composer] [role=tab]');
    if (tab) { event.preventDefault(); setMode(tab.closest('form'), tab); }
    var stay = event.target.closest('[data-guard-stay]'), send = event.target.closest('[data-guard-send]');
    if (stay) { stay.closest('[data-guard]').hidden = true; one('textarea', stay.closest('form')).focus(); }
    if (send) { var form = send.closest('form'); form.dataset.cleared = '1'; form.requestSubmit(); }
  });
  doc.addEventListener('keydown', function (event) {
    var form = event.target.closest && event.target.closest('form');
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.isComposing && form && event.target.tagName === 'TEXTAREA') {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  function guard(form) {
    if (one('[data-mode-field]', form).value !== 'reply') { return false; }
    var body = one('textarea', form).value, why = '';
    if (/(^|\s)@\S+/.test(body)) { why = words.mention; }
    else if (/\{\{.*?\}\}/.test(body)) { why = words.blank; }
    else if (/\bTO[D]O\b/i.test(body)) { why = words.todo; }
    if (!why) { return false; }
    var box = one('[data-guard]', form);
    one('[data-guard-words]', box).textContent = why;
    box.hidden = false;
    one('[data-guard-stay]', box).focus();
    return true;
  }

  /* --- drafts: per page, form and mode, in this browser only ---------------------------------------------------------------- */
  function read(key) { try { return localStorage.getItem(key) || ''; } catch (e) { return ''; } }
  function write(key, value) { try { if (value) { localStorage.setItem(key, value); } else { localStorage.removeItem(key); } } catch (e) { return; } }
  function store(form) {
    var area = one('textarea', form);
    write(draftKey(form), area.value);
    var note = one('[data-saved]', form);
    if (note && area.value) { note.textContent = words.saved.replace('{t}', new Date().toTimeString().slice(0, 5)); }
  }
  function forget(form) {
    if (form.matches('[data-composer]')) { write(draftKey(form), ''); }
    if (form.matches('[data-keep]')) { write('pd-form:' + form.dataset.keep, ''); }
  }
  var timer = 0;
  doc.addEventListener('input', function (event) {
    var form = event.target.closest('form');
    if (!form) { return; }
    delete form.dataset.cleared;
    if (form.matches('[data-track-changes]')) { form.classList.add('dirty'); }
    clearTimeout(timer);
    timer = setTimeout(function () { if (form.matches('[data-composer]')) { store(form); } if (form.matches('[data-keep]')) { keep(form); } }, SAVE_AFTER);
    count(event.target);
  });
  doc.addEventListener('reset', function (event) { event.target.classList.remove('dirty'); });
  function keep(form) {
    var kept = {};
    all('input,select,textarea', form).forEach(function (it) {
      if (!it.name || /^(hidden|file|password|submit)$/.test(it.type)) { return; }
      if (/^(checkbox|radio)$/.test(it.type)) { if (it.checked) { (kept[it.name] = kept[it.name] || []).push(it.value); } } else { kept[it.name] = it.value; }
    });
    write('pd-form:' + form.dataset.keep, JSON.stringify(kept));
  }
  function bring(form) {
    var kept;
    try { kept = JSON.parse(read('pd-form:' + form.dataset.keep) || 'null'); } catch (e) { kept = null; }
    if (!kept || one('.err-summary', form)) { return; }
    all('input,select,textarea', form).forEach(function (it) {
      if (!(it.name in kept) || /^(hidden|file|password)$/.test(it.type)) { return; }
      if (/^(checkbox|radio)$/.test(it.type)) { it.checked = kept[it.name].indexOf(it.value) >= 0; } else if (!it.value) { it.value = kept[it.name]; }
    });
  }
  function count(field) {
    var left = field.id && one('[data-left-of="' + field.id + '"]');
    if (left) { left.textContent = left.dataset.words.replace('{n}', Number(left.dataset.max) - field.value.length); }
  }
  window.addEventListener('beforeunload', function (event) { if (one('form.dirty')) { event.preventDefault(); } });

  /* --- uploads: previews, a size check before the network, drop and paste ------------------------------------------------------ */
  function isUpload(input) { return input.type === 'file' && !input.hasAttribute('data-sign-file') && Boolean(input.closest('[data-upload]')); }
  function listOf(input) {
    var box = input.closest('.up-drop') || input.closest('form'), list = one('[data-previews]', box), kept = one('.up-list', box);
    if (!list && kept) { list = doc.createElement('div'); list.className = 'up-list'; list.setAttribute('data-previews', ''); kept.after(list); }
    return list;
  }
  function preview(input) {
    var list = listOf(input);
    if (!list) { return; }
    list.textContent = '';
    Array.prototype.forEach.call(input.files, function (file) { list.appendChild(item(input, file)); });
  }
  function item(input, file) {
    var box = doc.createElement('span'), name = doc.createElement('span'), size = doc.createElement('span'), title = doc.createElement('b');
    var limit = Number(input.dataset.maxMb || 10) * 1048576, big = file.size > limit;
    box.className = 'up-item' + (big ? ' bad' : '');
    title.textContent = file.name;
    size.textContent = big ? words.tooLarge.replace('{n}', file.name).replace('{s}', input.dataset.maxMb || 10) : readable(file.size);
    if (/^image\/(png|jpe?g|gif|webp)$/.test(file.type)) {
      var image = doc.createElement('img');
      image.alt = '';
      image.src = URL.createObjectURL(file);
      image.onload = function () { URL.revokeObjectURL(image.src); };
      box.appendChild(image);
    }
    name.appendChild(title);
    name.appendChild(size);
    box.appendChild(name);
    return box;
  }
  function readable(size) { return size < 1048576 ? Math.max(1, Math.round(size / 1024)) + ' KB' : (size / 1048576).toFixed(1) + ' MB'; }
  function give(input, files) {
    var all_files = new DataTransfer();
    Array.prototype.forEach.call(input.files, function (f) { all_files.items.add(f); });
    Array.prototype.forEach.call(files, function (f) { all_files.items.add(f); });
    input.files = all_files.files;
    preview(input);
  }
  doc.addEventListener('change', function (event) { if (isUpload(event.target)) { preview(event.target); } });
  doc.addEventListener('paste', function (event) {
    var form = event.target.closest && event.target.closest('[data-composer]'), input = form && one('input[type=file]', form);
    if (input && event.clipboardData.files.length) { give(input, event.clipboardData.files); event.preventDefault(); }
  });
  doc.addEventListener('dragover', function (event) { if (dropZone(event)) { event.preventDefault(); } });
  doc.addEventListener('drop', function (event) {
    var input = dropZone(event);
    if (input && event.dataTransfer.files.length) { event.preventDefault(); give(input, event.dataTransfer.files); }
  });
  function dropZone(event) { var zone = event.target.closest && event.target.closest('.up-drop,[data-composer]'); return zone && one('input[type=file]', zone); }

  /* --- signatures: strokes and a picture in hidden fields; typing the name is an equal way --------------------------------------- */
  function prepare(canvas) {
    if (canvas.dataset.ready) { return; }
    canvas.dataset.ready = '1';
    var box = canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1, pen = canvas.getContext('2d'), strokes = [], stroke = null;
    canvas.width = Math.max(box.width, 1) * ratio;
    canvas.height = Math.max(box.height, 1) * ratio;
    pen.scale(ratio, ratio);
    pen.lineWidth = 2.4;
    pen.lineCap = pen.lineJoin = 'round';
    pen.strokeStyle = '#1a2233';
    canvas.pdStrokes = strokes;
    function at(event) { var now = canvas.getBoundingClientRect(); return [Math.round(event.clientX - now.left), Math.round(event.clientY - now.top), Math.round(event.timeStamp)]; }
    canvas.addEventListener('pointerdown', function (event) {
      canvas.setPointerCapture(event.pointerId);
      stroke = [at(event)];
      strokes.push(stroke);
      pen.beginPath();
      pen.moveTo(stroke[0][0], stroke[0][1]);
    });
    canvas.addEventListener('pointermove', function (event) {
      if (!stroke) { return; }
      var point = at(event);
      stroke.push(point);
      pen.lineTo(point[0], point[1]);
      pen.stroke();
    });
    canvas.addEventListener('pointerup', function () { stroke = null; keepSignature(canvas); });
    var clear = one('[data-sign-clear]', canvas.parentElement);
    if (clear) { clear.addEventListener('click', function () { strokes.length = 0; pen.clearRect(0, 0, canvas.width, canvas.height); keepSignature(canvas); }); }
  }
  function keepSignature(canvas) {
    var holder = canvas.closest('[data-signature]') || canvas.parentElement, file = one('[data-sign-file]', holder), lines = one('[data-sign-strokes]', holder);
    var drawn = Boolean(canvas.pdStrokes && canvas.pdStrokes.some(function (stroke) { return stroke.length > 1; }));
    var kept = one('[data-sign-kept]', canvas.closest('.field'));
    if (kept && drawn) { kept.checked = false; }
    if (lines) { lines.value = drawn ? JSON.stringify(canvas.pdStrokes) : ''; }
    if (!file) { return; }
    if (!drawn) { file.value = ''; return; }
    canvas.toBlob(function (blob) {
      var files = new DataTransfer();
      files.items.add(new File([blob], 'signature.png', { type: 'image/png' }));
      file.files = files.files;
    }, 'image/png');
  }

  /* --- rows of a form: one more, one less ------------------------------------------------------------------------------------------ */
  doc.addEventListener('click', function (event) {
    var add = event.target.closest('[data-rows-add]'), drop = event.target.closest('[data-rows-remove]');
    if (add) { addRow(add.closest('.field')); }
    if (drop) { var table = drop.closest('[data-rows]'); if (all('tbody tr', table).length > 1) { drop.closest('tr').remove(); } }
  });
  function addRow(field) {
    var table = one('[data-rows]', field), body = one('tbody', table), next = Number(table.dataset.rows) || all('tr', body).length;
    table.dataset.rows = String(next + 1);
    var row = one('[data-row-template]', field).content.cloneNode(true);
    all('[name],[id],[for]', row).forEach(function (it) {
      ['name', 'id', 'for'].forEach(function (attribute) {
        var value = it.getAttribute(attribute);
        if (value) { it.setAttribute(attribute, value.replace('__row__', String(next))); }
      });
    });
    body.appendChild(row);
    one('tr:last-child input,tr:last-child select,tr:last-child textarea', body).focus();
  }

  /* --- fields that other answers show or hide; the server decides again, named conditions are its alone ------------------------------ */
  function answer(form, name) {
    var found = all('[name="' + name + '"]', form).filter(function (it) { return !/^(checkbox|radio)$/.test(it.type) || it.checked; });
    if (all('[type=checkbox][name="' + name + '"]', form).length > 1) { return found.map(function (it) { return it.value; }); }
    return found.length ? found[0].value : '';
  }
  function same(fact, value) {
    if (value === true) { return fact === '1' || fact === 'true'; }
    if (value === false) { return fact === '' || fact === '0'; }
    return value === null ? fact === '' : String(fact) === String(value);
  }
  function compare(word, fact, value) {
    if (word === 'is') { return same(fact, value); }
    if (word === 'is_not') { return !same(fact, value); }
    if (word === 'in') { return value.some(function (one_of) { return same(fact, one_of); }); }
    if (word === 'not_in') { return !compare('in', fact, value); }
    if (word === 'contains') { return fact.indexOf(Array.isArray(fact) ? String(value) : value) >= 0; }
    if (word === 'empty') { return (fact.length === 0) === value; }
    var a = isNaN(Number(fact)) ? fact : Number(fact);
    if (fact === '') { return false; }
    return word === 'lt' ? a < value : word === 'lte' ? a <= value : word === 'gt' ? a > value : a >= value;
  }
  function holds(form, rule) {
    if (rule.all) { return rule.all.every(function (r) { return holds(form, r); }); }
    if (rule.any) { return rule.any.some(function (r) { return holds(form, r); }); }
    if (rule.not) { return !holds(form, rule.not); }
    if (!rule.field) { return true; }
    var word = Object.keys(rule).find(function (key) { return key !== 'field'; });
    return compare(word, answer(form, rule.field), rule[word]);
  }
  function showFields(form) {
    all('[data-visible-when]', form).forEach(function (it) {
      if (it.tagName !== 'TD') { it.hidden = !holds(form, JSON.parse(it.dataset.visibleWhen)); }
    });
  }
  doc.addEventListener('change', function (event) {
    if (event.target.matches('[data-decides]') && event.target.form) { showFields(event.target.form); }
  });

  function fresh(from) {
    all('canvas[data-sign]', from).forEach(prepare);
    all('form[data-composer]', from).forEach(function (form) { var area = one('textarea', form); if (!area.value) { area.value = read(draftKey(form)); } });
    all('form[data-keep]', from).forEach(bring);
    all('textarea[id]', from).forEach(count);
    all('form', from).forEach(function (form) { if (one('[data-decides]', form)) { showFields(form); } });
  }
  doc.addEventListener('pd:fresh', function (event) { fresh(event.detail); });
  fresh(doc);
})();
