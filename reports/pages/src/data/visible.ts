// What a device, a commit or a file said, made harmless to read: nothing that is
// invisible or turns the order of other characters stays so. Pure.

const named = (code: number) => `⟦U+${code.toString(16).toUpperCase().padStart(4, '0')}⟧`

// Controls of C1, soft hyphen and zero width, line and paragraph separator, bidi
// marks, embeddings, overrides and isolates, byte order mark, tags.
const hidden = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu

function picture(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  return code === 0x7f ? '\u2421' : named(code)
}

// One line; a line break becomes a picture too.
export const visible = (text: string): string => text.replace(hidden, picture)

// Colours and other CSI sequences, and OSC ones: left out where two lines are compared.
const escapes = /\u001b\[[0-9;:<=>?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g
export const withoutEscapes = (text: string): string => text.replace(escapes, '')
