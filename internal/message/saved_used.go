package message

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/queue"
)

// kindUsed counts a use of a saved text. The accept only puts the job: it looks at no saved text and
// locks none, however many messages name the same one.
const kindUsed = "used"

// usedJob counts that a message named a saved text; its key is that of both, so each message counts
// once.
func usedJob(saved id.ID, m *Message) queue.Job {
	return queue.Job{Lane: queue.Default, Kind: kindUsed, Key: saved.String() + "/" + m.ID.String(), Site: m.Site, Due: m.CreatedAt, Rank: m.CreatedAt}
}

// countUses counts those of claimed jobs, each saved text once for all of them. One that is gone, or
// never was, counts nothing.
func (s *Service) countUses(ctx context.Context, jobs []queue.Claimed) error {
	return s.d.Update(ctx, "message_saved_used", func(tx *db.Tx) error {
		type saved struct {
			site string
			id   id.ID
		}
		uses, order := map[saved]int64{}, []saved{}
		for _, j := range jobs {
			text, _, _ := strings.Cut(j.Key, "/")
			d, err := id.ParseBare(text)
			if err != nil {
				return fmt.Errorf("read job key %q: %w", j.Key, err)
			}
			one := saved{j.Site, d}
			if uses[one]++; uses[one] == 1 {
				order = append(order, one)
			}
		}
		slices.SortFunc(order, func(a, b saved) int { // so that no two such transactions wait for each other
			return cmp.Or(strings.Compare(a.site, b.site), bytes.Compare(a.id[:], b.id[:]))
		})
		for _, one := range order {
			_, err := tx.Exec(`UPDATE saved_text SET uses = uses + ?, used_at = ? WHERE site_id = ? AND id = ?`, uses[one], tx.Now, one.site, one.id)
			if err != nil {
				return fmt.Errorf("count the uses of saved text %s of site %s: %w", one.id, one.site, err)
			}
		}
		return s.queue.Done(tx, jobs...)
	})
}
