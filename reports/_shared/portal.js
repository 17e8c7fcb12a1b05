// Shows the filter and hides the cards that do not match it. Without this script every card is shown.
(function () {
  "use strict";
  var form = document.getElementById("page-filter");
  var search = document.getElementById("page-search");
  var count = document.getElementById("page-count");
  var cards = Array.prototype.slice.call(document.querySelectorAll(".card"));

  function folded(text) {
    return text.toLocaleLowerCase(document.documentElement.lang).replace(/\s+/g, " ").trim();
  }

  function chosenDesigns() {
    var boxes = Array.prototype.slice.call(form.querySelectorAll("input[name=design]:checked"));
    return boxes.map(function (box) { return box.value; });
  }

  function update() {
    var designs = chosenDesigns();
    var wanted = folded(search.value);
    var shown = cards.filter(function (card) {
      var fits = designs.indexOf(card.getAttribute("data-design")) >= 0 && folded(card.textContent).indexOf(wanted) >= 0;
      card.hidden = !fits;
      return fits;
    }).length;
    var template = count.getAttribute(shown === cards.length ? "data-all" : "data-some");
    count.textContent = template.replace("{shown}", String(shown));
  }

  // A link from the table must never lead to a card that the filter has hidden.
  function reveal() {
    var card = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (card && card.classList.contains("card") && card.hidden) {
      form.reset();
      update();
      card.scrollIntoView();
    }
  }

  form.hidden = false;
  form.addEventListener("input", update);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  window.addEventListener("hashchange", reveal);
  update();
})();
