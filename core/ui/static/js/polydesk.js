/* Behaviour of every screen: keys, theme, menus, live refresh, ticking clocks, focus after a swap. Pages work without it. */
(function () {
  'use strict';
  var doc = document, root = doc.documentElement;
  var words = doc.getElementById('words') ? doc.getElementById('words').dataset : {};
  var LIVE_EVERY = 5000, TICK_EVERY = 60000;

  function one(selector, from) { return (from || doc).querySelector(selector); }
  function all(selector, from) { return Array.prototype.slice.call((from || doc).querySelectorAll(selector)); }
  function say(text) { var live = one('#live'); if (live) { live.textContent = ''; setTimeout(function () { live.textContent = text; }, 30); } }
  function remember(name, value) { doc.cookie = name + '=' + value + ';path=/;max-age=31536000;samesite=lax'; }

  /* --- theme, density, sidebar ------------------------------------------------------------------------------------ */
  function toggleTheme() {
    var next = root.getAttribute('data-bs-theme') === 'dark' ? 'light' : 'dark';
    root.setAttribute('data-bs-theme', next);
    remember('pd_theme', next);
  }
  function density(name) {
    root.setAttribute('data-density', name);
    remember('pd_density', name);
    all('[data-density-set]').forEach(function (b) { b.setAttribute('aria-pressed', String(b.dataset.densitySet === name)); });
  }
  function toggleSidebar() { var shell = one('#shell'); if (shell) { shell.classList.toggle('slim'); } }
  function togglePhoneMenu() { var shell = one('#shell'); if (shell) { shell.classList.toggle('menu-open'); } }

  /* --- clicks ------------------------------------------------------------------------------------------------------ */
  doc.addEventListener('click', function (event) {
    var target = event.target, hit;
    all('details.menu[open]').forEach(function (menu) { if (!menu.contains(target)) { menu.removeAttribute('open'); } });
    if (target.closest('[data-theme-toggle]')) { toggleTheme(); }
    if ((hit = target.closest('[data-density-set]'))) { density(hit.dataset.densitySet); }
    if (target.closest('[data-side-toggle]')) { togglePhoneMenu(); event.stopPropagation(); }
    else if (one('.menu-open') && !target.closest('.side')) { togglePhoneMenu(); }
    if (target.closest('[data-shortcuts]')) { sheet(); }
    if (target.closest('[data-dismiss]')) { target.closest('[data-dismissable]').remove(); }
    if ((hit = target.closest('[data-copy]'))) { copy(hit.dataset.copy); }
    if ((hit = target.closest('[data-insert]'))) { insert(hit.dataset.insert); }
    if ((hit = target.closest('.err-summary a[href^="#"]'))) { toField(event, hit.getAttribute('href').slice(1)); }
    if ((hit = target.closest('tr.r')) && !target.closest('a,button,input,label,summary')) { follow(hit); }
    if ((hit = target.closest('.check')) && hit.closest('tr.r')) { mark(); }
    if ((hit = target.closest('[data-check-all]'))) { all('tr.r .check').forEach(function (box) { box.checked = hit.checked; }); mark(); }
    if (target.closest('[data-select-none]')) { selectNone(); }
  });
  doc.addEventListener('submit', function (event) {
    var question = event.target.dataset.confirm;
    if (question && !window.confirm(question)) { event.preventDefault(); event.stopImmediatePropagation(); }
  }, true);
  function copy(value) { if (navigator.clipboard) { navigator.clipboard.writeText(value).then(function () { say(words.copied); }); } }
  function insert(value) {
    var area = one('[data-composer] textarea');
    if (!area) { return; }
    area.setRangeText(value, area.selectionStart, area.selectionEnd, 'end');
    area.focus();
    area.dispatchEvent(new Event('input', { bubbles: true }));
    all('details.menu[open]').forEach(function (menu) { menu.removeAttribute('open'); });
  }
  function toField(event, id) {
    var field = doc.getElementById(id), input = field && (field.matches('input,select,textarea') ? field : one('input,select,textarea', field));
    if (input) { event.preventDefault(); input.focus(); input.scrollIntoView({ block: 'center' }); }
  }
  function follow(row) { var link = one('.c-sub a', row); if (link) { link.click(); } }

  /* --- rows: a cursor that survives the swap, and a selection ------------------------------------------------------- */
  var cursor = null;
  function rows() { return all('tr.r'); }
  function move(step) {
    var list = rows(), at = list.findIndex(function (row) { return row.id === cursor; });
    if (!list.length) { return; }
    show(list[Math.max(0, Math.min(list.length - 1, at + step))]);
  }
  function show(row) {
    rows().forEach(function (other) { other.classList.toggle('cur', other === row); });
    cursor = row.id;
    var link = one('.c-sub a', row);
    if (link) { link.focus({ preventScroll: true }); row.scrollIntoView({ block: 'nearest' }); }
  }
  function mark() {
    var boxes = all('tr.r .check'), chosen = boxes.filter(function (box) { return box.checked; });
    boxes.forEach(function (box) { box.closest('tr.r').classList.toggle('sel', box.checked); });
    var bar = one('#bulk');
    if (bar) { bar.classList.toggle('shown', chosen.length > 0); var count = one('[data-count]', bar); if (count) { count.textContent = count.dataset.count.replace('{n}', chosen.length); } }
  }
  function selectNone() { all('tr.r .check,[data-check-all]').forEach(function (box) { box.checked = false; }); mark(); }
  function current() { return rows().find(function (row) { return row.id === cursor; }); }

  /* --- keys: never while typing, composing or with modifiers (WCAG 2.1.4: data-keys=off on <html> switches them off) -- */
  var chord = '';
  function typing(event) {
    var t = event.target;
    if (event.isComposing || event.keyCode === 229) { return true; }
    return t.isContentEditable || /^(TEXTAREA|SELECT)$/.test(t.tagName) || (t.tagName === 'INPUT' && !/^(checkbox|radio|button|submit)$/.test(t.type));
  }
  function press(selector) { var it = one(selector); if (it) { it.click(); return true; } return false; }
  function focusOn(selector) { var it = one(selector); if (it) { it.focus(); return true; } return false; }
  function sheet() { var dialog = one('#shortcuts'); if (dialog && dialog.showModal && !dialog.open) { dialog.showModal(); } return true; }
  function escape() {
    var open = one('details.menu[open]');
    if (open) { open.removeAttribute('open'); one('summary', open).focus(); return true; }
    if (one('.menu-open')) { togglePhoneMenu(); return true; }
    if (one('tr.r.sel')) { selectNone(); return true; }
    return press('[data-escape]');
  }
  function step(by) { return rows().length ? (move(by), true) : press(by > 0 ? '[data-next]' : '[data-previous]'); }
  function openRow() { var row = current(); if (row) { follow(row); } return Boolean(row); }
  function choose() { var row = current(); if (row) { var box = one('.check', row); box.checked = !box.checked; mark(); } return Boolean(row); }
  var KEYS = {
    j: function () { return step(1); }, k: function () { return step(-1); },
    o: openRow, x: choose, Escape: escape,
    '/': function () { return focusOn('[data-search]'); }, '?': sheet, '[': function () { toggleSidebar(); return true; },
    t: function () { toggleTheme(); return true; }, c: function () { return press('[data-key=c]'); }, z: function () { return press('[data-key=z]'); },
    a: function () { return press('[data-key=a]'); }, s: function () { return press('[data-key=s]'); }, p: function () { return press('[data-key=p]'); },
    l: function () { return press('[data-key=l]'); }, m: function () { return press('[data-key=m]'); },
    r: function () { return press('[data-mode=reply]'); }, n: function () { return press('[data-mode=note]'); },
  };
  var GOES = { q: 'queue', u: 'unassigned', m: 'mine', r: 'reports', s: 'settings' };
  doc.addEventListener('keydown', function (event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') { if (focusOn('[data-search]')) { event.preventDefault(); } return; }
    if (event.key === 'F6') { cycleRegions(event); return; }
    if (event.key === 'Escape' && typing(event)) { event.target.blur(); return; }
    if (typing(event) || event.ctrlKey || event.metaKey || event.altKey || root.dataset.keys === 'off' || one('dialog[open]')) { return; }
    var key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (chord === 'g') { chord = ''; if (GOES[key] && press('[data-go=' + GOES[key] + ']')) { event.preventDefault(); } return; }
    if (key === 'g') { chord = 'g'; setTimeout(function () { chord = ''; }, 1200); return; }
    if (key === 'Enter') { if (event.target === doc.body && openRow()) { event.preventDefault(); } return; }
    if (KEYS[key] && KEYS[key]()) { event.preventDefault(); }
  });
  function cycleRegions(event) {
    var regions = all('.side,.panel-main,.rail,.cmp').filter(function (r) { return r.offsetParent; });
    if (!regions.length) { return; }
    var at = regions.findIndex(function (r) { return r.contains(doc.activeElement); });
    var next = regions[(at + 1) % regions.length];
    (one('a,button,input,textarea,summary', next) || next).focus();
    event.preventDefault();
  }

  /* --- clocks tick once a minute, unannounced; crossing a threshold is said once --------------------------------------- */
  function span(seconds) {
    var s = Math.floor(Math.abs(seconds)), d = Math.floor(s / 86400), h = Math.floor(s % 86400 / 3600), m = Math.floor(s % 3600 / 60);
    var pattern = s < 3600 ? words.minutes : s < 86400 ? (m ? words.hours : words.hoursOnly) : (h ? words.days : words.daysOnly);
    return pattern.replace('{d}', d).replace('{h}', h).replace('{m}', m);
  }
  function tick() {
    all('time[data-tick]').forEach(function (time) {
      var left = (new Date(time.getAttribute('datetime')) - Date.now()) / 1000, chip = time.closest('.sla');
      if (!chip || !words.minutes) { return; }
      time.textContent = (left >= 0 ? words.left : words.over).replace('{t}', span(left));
      var kind = left < 0 ? 'sla-breach' : left < Number(time.dataset.warn) ? 'sla-warn' : 'sla-ok';
      if (!chip.classList.contains(kind)) { chip.classList.remove('sla-ok', 'sla-warn', 'sla-breach'); chip.classList.add(kind); say(chip.textContent.trim()); }
    });
  }
  setInterval(function () { if (!doc.hidden) { tick(); } }, TICK_EVERY);

  /* --- live refresh: a conditional GET every few seconds, resting while the tab is hidden or something is open ----------- */
  setInterval(function () {
    if (!doc.hidden && !one('details.menu[open],dialog[open],tr.r.sel')) { doc.body.dispatchEvent(new CustomEvent('pd:refresh')); }
  }, LIVE_EVERY);
  function connection(good) { all('.live-dot').forEach(function (dot) { dot.classList.toggle('off', !good); }); }
  doc.addEventListener('htmx:error', function () { connection(false); });
  doc.addEventListener('htmx:after:request', function () { connection(true); });
  doc.addEventListener('htmx:response:error', function (event) {
    var status = event.detail.ctx.response.status;
    if (status === 401) { location.assign('/sign-in?next=' + encodeURIComponent(location.pathname + location.search)); }
    else if (status >= 500) { var alarm = one('#alarm'); if (alarm) { alarm.textContent = words.error; } }
  });

  /* --- focus after a swap: error summary, else the same control, else the new heading, never <body> ----------------------- */
  var held = null;
  doc.addEventListener('htmx:before:response', function (event) {
    var raw = event.detail.ctx.response.raw;
    if (raw.redirected && /\/sign-in$/.test(new URL(raw.url).pathname)) {
      event.preventDefault();
      location.assign('/sign-in?next=' + encodeURIComponent(location.pathname + location.search));
    }
  });
  doc.addEventListener('htmx:before:swap', function () { held = doc.activeElement; });
  doc.addEventListener('htmx:after:swap', function (event) {
    var target = event.target && event.target.closest ? event.target : doc.body;
    var summary = one('[data-focus]', target);
    if (summary) { summary.focus(); }
    else if (doc.activeElement === doc.body && held && held !== doc.body) {
      var same = held.id && doc.getElementById(held.id), heading = one('[tabindex="-1"]', target);
      (same || heading || one('#main')).focus({ preventScroll: true });
    }
    var row = current();
    if (row) { row.classList.add('cur'); }
    mark();
    tick();
    doc.dispatchEvent(new CustomEvent('pd:fresh', { detail: target }));
  });

  setTimeout(function () { all('#toasts .toast-pd').forEach(function (toast) { if (!one('button', toast)) { toast.remove(); } }); }, 8000);
  var summary = one('[data-focus]');
  if (summary) { summary.focus(); }
  var timeline = one('.tl[data-end]');
  if (timeline) { timeline.scrollTop = timeline.scrollHeight; }
  tick();
  window.polydesk = { words: words, one: one, all: all, say: say };
})();
