interface CardProps {
  picture: string | null;
  title: string;
  text: string;
  note?: string;
  disabled: boolean;
  onOpen: () => void;
}

/** A workflow to open: its picture, its title and what it is. */
export function Card({ picture, title, text, note, disabled, onOpen }: CardProps) {
  return (
    <button type="button" className="card" disabled={disabled} onClick={onOpen}>
      {picture ? <img className="thumb" src={picture} alt="" loading="lazy" /> : <span className="thumb none" aria-hidden="true" />}
      <strong>{title}</strong>
      <small title={text}>{text}</small>
      {note && <small className="note-line">{note}</small>}
    </button>
  );
}
