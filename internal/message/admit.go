package message

import "context"

// ready finishes a draft and asks whether it is let in, before anything is held for it.
func (d *Draft) ready(ctx context.Context) error {
	if err := d.finish(ctx); err != nil {
		return err
	}
	if d.Admit != nil {
		if err := d.Admit(ctx, d.accepted); err != nil {
			return err
		}
	}
	return d.noteNumber(ctx)
}
