package message

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

func TestQuestionsAboutManySitesAreAnsweredAsEachAlone(t *testing.T) {
	onEach(t, func(s *shop) {
		cheap, dear := s.house.open(s.t, 0), s.house.open(s.t, 0)
		s.update(func(tx *db.Tx) error {
			if _, err := site.AddSender(tx, cheap.name, "0269876543", site.Blocked); err != nil {
				return err
			}
			if err := credit.SetPrices(tx, "", map[provider.Channel]money.Amount{provider.MMS: 110 * won}, 0); err != nil {
				return err
			}
			return credit.SetPrices(tx, dear.name, map[provider.Channel]money.Amount{provider.SMS: 30 * won}, 0)
		})
		defer s.update(func(tx *db.Tx) error {
			return credit.SetPrices(tx, "", map[provider.Channel]money.Amount{provider.MMS: credit.Default[provider.MMS]}, 0)
		})
		list := []question{
			{site: s.name, template: "RESERVE_01", text: true},
			{site: cheap.name, text: true, from: "02-6123-4567"}, {site: cheap.name, text: true, from: "0269876543"}, {site: cheap.name, text: true, from: "nobody"},
			{site: dear.name, template: "NONE", text: true}, {site: "nobody", text: true}, {site: s.name, template: "RESERVE_01", text: true},
		}
		together := s.ask(list...)
		for i, q := range list {
			alone := s.ask(q)[0]
			same := cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "now" || p.String() == "key" || p.String() == "err" }, cmp.Ignore())
			if diff := cmp.Diff(alone, together[i], cmp.AllowUnexported(facts{}), same); diff != "" || (alone.err == nil) != (together[i].err == nil) {
				s.t.Errorf("%+v: %v and %v, (-alone +together):\n%s", q, alone.err, together[i].err, diff)
			}
		}
		if f := together[1]; f.sender.Number != "0261234567" || f.prices[provider.MMS] != 110*won || f.prices[provider.SMS] != 18*won {
			s.t.Errorf("got %s for %v", f.sender.Number, f.prices)
		}
		if f := together[4]; f.template != nil || f.sender.Number != "0261234567" || f.prices[provider.SMS] != 30*won || f.prices[provider.MMS] != 110*won {
			s.t.Errorf("got template %v, %s for %v", f.template, f.sender.Number, f.prices)
		}
		if together[0].template == nil || together[2].sender.Number != "" || together[3].sender.Number != "" || !fault.Is(together[5].err, fault.NotFound) {
			s.t.Errorf("got %+v", together)
		}
	})
}

// ask reads the answers of now in one look.
func (s *shop) ask(list ...question) (out []facts) {
	s.t.Helper()
	s.view(func(tx *db.Tx) (err error) {
		out, err = readFacts(site.NewKeys(nil, nil))(tx, list)
		return err
	})
	return out
}
