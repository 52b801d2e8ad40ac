package message

import (
	"fmt"
	"testing"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/money"
)

const large = 5_500 // six batches: staged

// rich gives a site enough for a large message.
func (s *shop) rich() *shop {
	s.t.Helper()
	s.update(func(tx *db.Tx) error {
		_, err := s.ledger.Add(tx, credit.TopUp{Site: s.name, Kind: credit.Adjustment, Amount: money.Amount(999_000) * won, Note: "test"})
		return err
	})
	return s
}

// stored counts the rows that a site's drafts and messages have.
func (s *shop) stored() (n [4]int) {
	s.t.Helper()
	s.view(func(tx *db.Tx) error {
		for i, table := range []string{"message", "batch", "reject", "recipient"} {
			if err := tx.QueryRow(`SELECT COUNT(*) FROM `+table+` WHERE site_id = ?`, s.name).Scan(&n[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return n
}

// mixed gives a draft good numbers, and a bad one after every second.
func (s *shop) mixed(d *Draft, good int) *Draft {
	s.t.Helper()
	for i := range good {
		s.must(d.Add(ctx, phone(i), nil))
		if i%2 == 1 {
			s.must(d.Add(ctx, fmt.Sprintf("bad-%d", i), nil))
		}
	}
	return d
}

func TestALargeDraftIsStagedAndAcceptedWhole(t *testing.T) {
	onEach(t, func(s *shop) {
		s.rich()
		d := s.mixed(s.draft(textOnly("a")), large)
		if got := s.stored(); got[0] != 1 || got[1] == 0 {
			s.t.Errorf("while it is put together %v rows stand, want the draft with its first batches", got)
		}
		err := s.d.View(ctx, "test", func(tx *db.Tx) error { _, err := Find(tx, d.Message); return err })
		wantFault(s.t, err, fault.NotFound, fault.CodeNotFound, "")
		s.view(func(tx *db.Tx) error {
			list, err := List(tx, s.name, "", d.Message.ID, 10)
			if len(list) != 0 {
				s.t.Errorf("a draft is listed: %+v", list)
			}
			return err
		})
		receipt, err := d.Accept(ctx, nil)
		s.must(err)
		if receipt.Accepted != large || receipt.Rejected != large/2 || len(receipt.Rejections) != large/2 {
			s.t.Errorf("%d accepted, %d rejected, %d listed", receipt.Accepted, receipt.Rejected, len(receipt.Rejections))
		}
		if got := s.stored(); got != [4]int{1, 6, 3, 0} {
			s.t.Errorf("rows %v, want a message, 6 batches, 3 packs of rejections", got)
		}
		m := s.find(receipt.Message)
		if m.Batches != 6 || m.Accepted != large || m.State != StateAccepted || m.Pending() != large {
			s.t.Errorf("message %+v", m)
		}
		list, _, _ := s.list(m.Key, Filter{})
		for i, p := range list {
			if string(p.To) != phone(i) || int(p.Seq) != i {
				s.t.Fatalf("recipient %d is %s, want %s", i, p.To, phone(i))
			}
		}
		if len(list) != large || len(s.sending(m.Key)) != 6 {
			s.t.Errorf("%d recipients, send jobs %v; want %d and 6", len(list), s.sending(m.Key), large)
		}
		s.wantMoney(1_000_000-large*18, large*18, 0)
	})
}

func TestADiscardedDraftLeavesNothing(t *testing.T) {
	onEach(t, func(s *shop) {
		d := s.mixed(s.draft(textOnly("a")), large)
		s.must(d.Discard(ctx))
		if got := s.stored(); got != [4]int{} {
			s.t.Errorf("rows %v stay, want none", got)
		}
		s.wantMoney(1000, 0, 0)
		s.must(s.add(s.draft(textOnly("a")), 3).Discard(ctx)) // nothing of it was written
	})
}

func TestALargeDraftThatIsRefusedLeavesNothing(t *testing.T) {
	onEach(t, func(s *shop) {
		_, err := s.mixed(s.draft(textOnly("a")), large).Accept(ctx, once(s.name, "k", "a"))
		wantFault(s.t, err, fault.NoCredit, fault.CodeInsufficientCredit, "")
		if got := s.stored(); got != [4]int{} {
			s.t.Errorf("rows %v stay, want none", got)
		}
		found, err := s.service.Earlier(ctx, once(s.name, "k", "a").Key)
		if found.Exists || err != nil {
			s.t.Errorf("the key is taken: %+v, %v", found, err)
		}
		s.wantMoney(1000, 0, 0)
	})
}

func TestARepeatedLargeRequestLeavesNothingBesideTheFirst(t *testing.T) {
	onEach(t, func(s *shop) {
		s.rich()
		_, err := s.add(s.draft(textOnly("a")), large).Accept(ctx, once(s.name, "k", "a"))
		s.must(err)
		if _, err := s.add(s.draft(textOnly("a")), large).Accept(ctx, once(s.name, "k", "a")); err == nil {
			s.t.Error("the repetition was accepted")
		}
		if got := s.stored(); got != [4]int{1, 6, 0, 0} {
			s.t.Errorf("rows %v, want those of the first alone", got)
		}
		s.wantMoney(1_000_000-large*18, large*18, 0)
	})
}

func TestAStaleDraftIsSweptAfterAnHour(t *testing.T) {
	onEach(t, func(s *shop) {
		s.rich()
		d := s.mixed(s.draft(textOnly("a")), large)
		kept := s.accept(textOnly("a"), large)
		s.forward(time.Hour)
		s.must(s.service.SweepDrafts(ctx))
		if got := s.stored(); got[0] != 2 {
			s.t.Errorf("rows %v after exactly an hour, want both", got)
		}
		s.forward(time.Microsecond)
		s.must(s.service.SweepDrafts(ctx))
		if got := s.stored(); got != [4]int{1, 6, 0, 0} {
			s.t.Errorf("rows %v after the sweep, want the accepted message's", got)
		}
		if _, err := d.Accept(ctx, nil); err == nil {
			s.t.Error("a swept draft was accepted")
		}
		if m := s.find(kept.Message); m.State != StateAccepted {
			s.t.Errorf("the accepted message is %s", m.State)
		}
		s.wantMoney(1_000_000-large*18, large*18, 0)
	})
}

func TestAMessageOfManyBatchesIsLaunchedByAJob(t *testing.T) {
	onEach(t, func(s *shop) {
		s.rich()
		receipt := s.accept(textOnly("a"), directBatches*BatchSize+1)
		if got := s.sending(receipt.Message); len(got) != 0 {
			s.t.Errorf("send jobs %v before the launch, want none", got)
		}
		s.drain()
		if got := s.sending(receipt.Message); len(got) != directBatches+1 {
			s.t.Errorf("%d send jobs, want %d", len(got), directBatches+1)
		}
	})
}
