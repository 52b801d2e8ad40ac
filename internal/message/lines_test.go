package message

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
)

func TestRejectionsAndDuplicatesNameTheLinesOfAList(t *testing.T) {
	onEach(t, func(s *shop) {
		d := s.draft(textOnly("a"))
		s.must(d.Add(ctx, phone(9), nil)) // of no list
		s.must(d.TakeLine(ctx, 2, Candidate{To: phone(1)}))
		s.must(d.TakeLine(ctx, 5, Candidate{To: "02-1"}))
		s.must(d.TakeLine(ctx, 1_000_000, Candidate{To: phone(1)}))
		s.must(d.Add(ctx, "02-2", nil))
		receipt, err := d.Accept(ctx, nil)
		s.must(err)
		detail := receipt.Rejections[0].Detail
		want := []Rejection{{2, "02-1", InvalidNumber, detail, 5}, {4, "02-2", InvalidNumber, detail, 0}}
		if diff := cmp.Diff(want, receipt.Rejections); diff != "" {
			t.Errorf("rejections: -want +got\n%s", diff)
		}
		if diff := cmp.Diff([]Duplicate{{3, phone(1), 1, 1_000_000, 2}}, receipt.Duplicates); diff != "" {
			t.Errorf("duplicates: -want +got\n%s", diff)
		}
		s.view(func(tx *db.Tx) error {
			m, err := Find(tx, receipt.Message)
			if err != nil {
				return err
			}
			kept, _, err := s.service.Rejections(tx, m, 0, 10)
			if diff := cmp.Diff(want, kept); diff != "" {
				t.Errorf("kept rejections: -want +got\n%s", diff)
			}
			return err
		})
	})
}
