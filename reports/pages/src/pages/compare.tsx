export function Compare({ id }: { id: string }) {
  return <h1>Compare {id}</h1>
}
