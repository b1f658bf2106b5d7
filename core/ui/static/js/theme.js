/* Runs before the first paint: marks that scripts run, and follows the system's theme until a person has chosen one. */
(function () {
  var root = document.documentElement;
  root.classList.add('js');
  if (!root.hasAttribute('data-bs-theme') && window.matchMedia && matchMedia('(prefers-color-scheme:dark)').matches) {
    root.setAttribute('data-bs-theme', 'dark');
  }
})();
