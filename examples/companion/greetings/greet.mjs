export function greet(name) {
  return `${name} is done, and its companion was there`;
}
