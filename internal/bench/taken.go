package bench

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// vendorBook is what the simulated vendor says that it took. It is a process of its own, so the
// program cannot count a hand-over less, or a message more, than it made.
type vendorBook struct {
	url  string
	legs []takenLeg // in the order in which they were taken
}

// takenLeg is one message that the vendor took.
type takenLeg struct {
	To string    `json:"to"`
	At time.Time `json:"at"` // in whole milliseconds, cut off
}

// moment is when the message was taken for certain: the end of its millisecond, so that
// no figure is better than the truth.
func (l takenLeg) moment() time.Time { return l.At.Add(time.Millisecond) }

// await reads on until the vendor took so many messages. A minute without one is an error.
func (b *vendorBook) await(ctx context.Context, n int) error {
	moved := time.Now()
	for {
		before := len(b.legs)
		if err := b.read(ctx); err != nil {
			return err
		}
		switch {
		case len(b.legs) >= n:
			return nil
		case len(b.legs) > before:
			moved = time.Now()
		case time.Since(moved) > patience:
			return fmt.Errorf("the vendor took %d of %d messages and for %s no more", len(b.legs), n, patience)
		}
		if err := until(ctx, time.Now().Add(50*time.Millisecond)); err != nil {
			return err
		}
	}
}

// read reads what is new.
func (b *vendorBook) read(ctx context.Context) error {
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/_sim/received?cursor=%d&limit=10000", b.url, len(b.legs)), nil)
		if err != nil {
			return fmt.Errorf("ask what the vendor took: %w", err)
		}
		var page struct {
			Data []takenLeg `json:"data"`
			Next *string    `json:"next_cursor"`
		}
		if err := exchange(http.DefaultClient, r, http.StatusOK, &page); err != nil {
			return fmt.Errorf("ask what the vendor took: %w", err)
		}
		b.legs = append(b.legs, page.Data...)
		if page.Next == nil {
			return nil
		}
	}
}

// once fails unless n different phones were served, each one once.
func (b *vendorBook) once(n int) error {
	phones := make(map[string]bool, len(b.legs))
	for _, l := range b.legs {
		phones[l.To] = true
	}
	if len(b.legs) != n || len(phones) != n {
		return fmt.Errorf("the vendor took %d messages to %d phones, want %d to as many", len(b.legs), len(phones), n)
	}
	return nil
}

// handOvers counts the groups that were sent. One that was only made is none.
func (b *vendorBook) handOvers(ctx context.Context) (n int, err error) {
	for start := ""; ; {
		r, err := vendorRequest(ctx, http.MethodGet, b.url+groupsPath+"?limit=500&startKey="+start, nil)
		if err != nil {
			return 0, err
		}
		var page struct {
			Groups map[string]struct {
				Sent *string `json:"dateSent"`
			} `json:"groupList"`
			Next *string `json:"nextKey"` // with which the next page begins
		}
		if err := exchange(http.DefaultClient, r, http.StatusOK, &page); err != nil {
			return 0, fmt.Errorf("ask for the vendor's groups: %w", err)
		}
		for _, g := range page.Groups {
			if g.Sent != nil {
				n++
			}
		}
		if page.Next == nil {
			return n, nil
		}
		start = *page.Next
	}
}
