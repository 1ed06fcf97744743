export function Matrix({ id }: { id: string }) {
  return <h1>Matrix {id}</h1>
}
