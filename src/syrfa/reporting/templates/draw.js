// Draws each chart when it comes near the window: a page of a hundred videos opens as fast as one of three.
const draw = (box) => {
  const figure = JSON.parse(box.querySelector("script").textContent);
  if (matchMedia("(pointer: coarse)").matches) figure.layout.dragmode = false; // a finger scrolls the page
  const buttons = [["zoom2d", "pan2d", "resetScale2d", "toImage"]];
  Plotly.newPlot(box, figure.data, figure.layout, { responsive: true, displaylogo: false, modeBarButtons: buttons });
};
const near = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => {
  near.unobserve(entry.target);
  draw(entry.target);
}), { rootMargin: "400px" });
document.querySelectorAll(".chart").forEach((box) => near.observe(box));
