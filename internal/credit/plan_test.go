package credit

import (
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"

	"github.com/google/go-cmp/cmp"
)

type list = map[provider.Channel]money.Amount

// plan makes a plan.
func (w *world) plan(id string, p list) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error { return CreatePlan(tx, id, "요금제 "+id, p) })
}

func (w *world) assign(siteID, plan string, since db.Time) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error { return AssignPlan(tx, siteID, plan, since) })
}

func (w *world) planPrices(plan string, p list, since db.Time, drop ...provider.Channel) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error { return w.l.SetPlanPrices(tx, plan, p, since, drop...) })
}

// pays gives what a site pays at a time.
func (w *world) pays(siteID string, at db.Time) (p Prices) {
	w.t.Helper()
	w.view(func(tx *db.Tx) (err error) { p, err = PricesAt(tx, siteID, at); return err })
	return p
}

func TestAPlanIsNearerThanTheInstallationAndTheSiteIsNearest(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.now = noon
		other := w.site("other")
		w.do(func(tx *db.Tx) error {
			return SetPrices(tx, "", list{provider.LMS: 40 * won, provider.MMS: 100 * won}, 0)
		})
		w.plan("gold", list{provider.Alimtalk: 7 * won, provider.SMS: 15 * won, provider.LMS: 39 * won})
		w.assign(s, "gold", 0)
		w.do(func(tx *db.Tx) error { return SetPrices(tx, s, list{provider.SMS: 14 * won}, 0) })
		check := func(why, siteID string, at db.Time, want Prices) {
			t.Helper()
			if got := w.pays(siteID, at); got != want {
				t.Errorf("%s: got %v, want %v", why, got, want)
			}
		}
		check("site over plan over installation", s, noon, Prices{7 * won, 14 * won, 39 * won, 100 * won})
		check("without a plan", other, noon, Prices{9 * won, 18 * won, 40 * won, 100 * won})
		check("before it had one", s, noon-1, Default)
		later := noon.Add(time.Hour)
		w.planPrices("gold", list{provider.MMS: 90 * won}, later, provider.LMS)
		check("before the change", s, later-1, Prices{7 * won, 14 * won, 39 * won, 100 * won})
		check("what the plan drops costs what the installation's does", s, later, Prices{7 * won, 14 * won, 40 * won, 90 * won})
		w.now = noon.Add(time.Minute)
		w.do(func(tx *db.Tx) error { return SetPrices(tx, s, nil, 0, provider.SMS) })
		check("the site has no price of its own any more", s, w.now, Prices{7 * won, 15 * won, 39 * won, 100 * won})
		check("and had one", s, w.now-1, Prices{7 * won, 14 * won, 39 * won, 100 * won})
		w.plan("silver", list{provider.SMS: 17 * won})
		w.assign(s, "silver", noon.Add(2*time.Hour))
		w.assign(s, "", noon.Add(3*time.Hour))
		check("still gold", s, noon.Add(2*time.Hour)-1, Prices{7 * won, 15 * won, 40 * won, 90 * won})
		check("silver", s, noon.Add(2*time.Hour), Prices{9 * won, 17 * won, 40 * won, 100 * won})
		check("none", s, noon.Add(3*time.Hour), Prices{9 * won, 18 * won, 40 * won, 100 * won})
		w.assign(s, "gold", noon.Add(90*time.Minute))
		check("what was planned for later is forgotten", s, noon.Add(4*time.Hour), Prices{7 * won, 15 * won, 40 * won, 90 * won})
	})
}

func TestTheHistoryOfPricesSaysWhoseTheyAre(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.now = noon
		w.do(func(tx *db.Tx) error { return SetPrices(tx, "", list{provider.SMS: 19 * won}, 0) })
		w.plan("gold", list{provider.SMS: 15 * won})
		w.plan("silver", list{provider.SMS: 15 * won})
		hour := func(n time.Duration) db.Time { return noon.Add(n * time.Hour) }
		w.assign(s, "gold", hour(1))
		w.assign(s, "silver", hour(2))
		w.do(func(tx *db.Tx) error { return SetPrices(tx, s, list{provider.SMS: 15 * won}, hour(3)) })
		w.planPrices("silver", list{provider.SMS: 16 * won}, hour(4))
		w.do(func(tx *db.Tx) error { return SetPrices(tx, s, nil, hour(5), provider.SMS) })
		var got, own []PricePeriod
		w.view(func(tx *db.Tx) (err error) {
			if got, err = SitePrices(tx, s); err == nil {
				var p Plan
				p, err = FindPlan(tx, "silver")
				own = p.Prices
			}
			return err
		})
		sms := func(cost money.Amount, from, until db.Time, l Layer, plan string) PricePeriod {
			return PricePeriod{provider.SMS, cost * won, from, until, l, plan}
		}
		want := []PricePeriod{
			{Channel: provider.Alimtalk, Cost: 9 * won, Layer: OfDefault},
			sms(18, 0, noon, OfDefault, ""),
			{Channel: provider.LMS, Cost: 45 * won, Layer: OfDefault},
			{Channel: provider.MMS, Cost: 120 * won, Layer: OfDefault},
			sms(19, noon, hour(1), OfInstallation, ""), sms(15, hour(1), hour(2), OfPlan, "gold"), sms(15, hour(2), hour(3), OfPlan, "silver"),
			sms(15, hour(3), hour(5), OfSite, ""), sms(16, hour(5), 0, OfPlan, "silver"),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the site's prices (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]PricePeriod{sms(15, noon, hour(4), OfPlan, "silver"), sms(16, hour(4), 0, OfPlan, "silver")}, own); diff != "" {
			t.Errorf("the plan's prices (-want +got):\n%s", diff)
		}
		when := []string{want[1].When(hour(1)), want[5].When(hour(1)), want[6].When(hour(1)), want[0].When(0)}
		if diff := cmp.Diff([]string{Past, Now, Planned, Now}, when); diff != "" {
			t.Errorf("when (-want +got):\n%s", diff)
		}
	})
}

func TestAPlanThatIsWrongIsRefusedAtItsPlace(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.now = noon
		w.plan("gold", nil)
		for name, c := range map[string]struct {
			act  func(tx *db.Tx) error
			kind fault.Kind
			at   string
		}{
			"no slug":            {func(tx *db.Tx) error { return CreatePlan(tx, "Gold!", "x", nil) }, fault.Invalid, "/id"},
			"the word for none":  {func(tx *db.Tx) error { return CreatePlan(tx, NoPlan, "x", nil) }, fault.Invalid, "/id"},
			"no name":            {func(tx *db.Tx) error { return CreatePlan(tx, "new", " ", nil) }, fault.Invalid, "/name"},
			"a negative price":   {func(tx *db.Tx) error { return CreatePlan(tx, "new", "x", list{provider.SMS: -1}) }, fault.Invalid, "/prices/sms"},
			"a second one":       {func(tx *db.Tx) error { return CreatePlan(tx, "gold", "x", nil) }, fault.Conflict, ""},
			"a negative change":  {func(tx *db.Tx) error { return w.l.SetPlanPrices(tx, "gold", list{provider.LMS: -1}, 0) }, fault.Invalid, "/prices/lms"},
			"no channel":         {func(tx *db.Tx) error { return w.l.SetPlanPrices(tx, "gold", nil, 0, provider.Channels) }, fault.Invalid, "/prices/channel(4)"},
			"set and dropped":    {func(tx *db.Tx) error { return w.l.SetPlanPrices(tx, "gold", list{provider.MMS: 1}, 0, provider.MMS) }, fault.Invalid, "/prices/mms"},
			"prices of the past": {func(tx *db.Tx) error { return w.l.SetPlanPrices(tx, "gold", nil, noon-1) }, fault.Invalid, "/since"},
			"no such plan":       {func(tx *db.Tx) error { return w.l.SetPlanPrices(tx, "iron", nil, 0) }, fault.NotFound, ""},
			"no plan to give":    {func(tx *db.Tx) error { return AssignPlan(tx, s, "iron", 0) }, fault.NotFound, ""},
			"no site":            {func(tx *db.Tx) error { return AssignPlan(tx, "nobody", "gold", 0) }, fault.NotFound, ""},
			"given in the past":  {func(tx *db.Tx) error { return AssignPlan(tx, s, "gold", noon-1) }, fault.Invalid, "/since"},
			"no plan to rename":  {func(tx *db.Tx) error { return RenamePlan(tx, "iron", "x") }, fault.NotFound, ""},
			"an empty name":      {func(tx *db.Tx) error { return RenamePlan(tx, "gold", "") }, fault.Invalid, "/name"},
			"no plan to remove":  {func(tx *db.Tx) error { return RemovePlan(tx, "iron") }, fault.NotFound, ""},
			"no plan to find":    {func(tx *db.Tx) error { _, err := FindPlan(tx, "iron"); return err }, fault.NotFound, ""},
		} {
			err := w.try(c.act)
			if f := fault.Of(err); f == nil || f.Kind != c.kind || c.at != "" && (len(f.Fields) != 1 || f.Fields[0].Pointer != c.at) {
				t.Errorf("%s: got %v, want kind %d at %q", name, err, c.kind, c.at)
			}
		}
	})
}

func TestAPlanIsRenamedListedAndRemovedOnceNoSiteHasIt(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.now = noon
		w.plan("gold", list{provider.SMS: 15 * won})
		w.plan("iron", nil)
		w.do(func(tx *db.Tx) error { return RenamePlan(tx, "iron", " 철 ") })
		w.assign(s, "gold", noon.Add(time.Hour))
		w.assign(w.site("other"), "gold", 0)
		var all, rest []Plan
		w.do(func(tx *db.Tx) (err error) {
			if all, err = Plans(tx, "", 10); err == nil {
				rest, err = Plans(tx, "gold", 1)
			}
			return err
		})
		want := []Plan{
			{ID: "gold", Name: "요금제 gold", CreatedAt: noon, Sites: 2, Prices: []PricePeriod{{provider.SMS, 15 * won, noon, 0, OfPlan, "gold"}}},
			{ID: "iron", Name: "철", CreatedAt: noon},
		}
		if diff := cmp.Diff(want, all); diff != "" {
			t.Errorf("plans (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want[1:], rest); diff != "" {
			t.Errorf("plans after gold (-want +got):\n%s", diff)
		}
		remove := func(id string) error { return w.try(func(tx *db.Tx) error { return RemovePlan(tx, id) }) }
		if err := remove("gold"); !fault.Is(err, fault.Conflict) {
			t.Errorf("of two sites: got %v, want a conflict", err)
		}
		w.assign("other", "", noon)
		if err := remove("gold"); !fault.Is(err, fault.Conflict) {
			t.Errorf("that a site will have: got %v, want a conflict", err)
		}
		w.now = noon.Add(2 * time.Hour)
		w.assign(s, "iron", 0)
		if err := remove("gold"); err != nil {
			t.Errorf("that a site had: %v", err)
		}
		if got := w.pays(s, w.now-1); got[provider.SMS] != 15*won {
			t.Errorf("what was paid: got %v, want it to stay", got)
		}
		w.plan("gold", nil)
		w.assign(s, "gold", 0)
		if got := w.pays(s, w.now); got != Default {
			t.Errorf("a new plan of the old name: got %v, want nothing of the old", got)
		}
	})
}

func TestWhatWasHeldSettlesAtItsPriceWhateverBecomesOfThePlan(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 100 * won})
		w.plan("gold", list{provider.SMS: 15 * won})
		w.assign(s, "gold", 0)
		m := w.hold(s, w.pays(s, noon.Add(100*365*day))[provider.SMS])
		w.planPrices("gold", list{provider.SMS: 50 * won}, 0)
		w.assign(s, "", 0)
		w.settle(Settlement{Site: s, Message: m, Delivered: []Delivered{delivered(provider.SMS, 1, 15*won)}})
		if us := w.usages(s, m); us[0].UnitCost != 15*won || us[0].TotalCost != 15*won {
			t.Errorf("got %+v, want the frozen 15.00", us[0])
		}
		w.proven()
	})
}

func TestWhateverChangesWhatASitePaysChangesItsRev(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.now = noon
		other := w.site("other")
		w.plan("gold", list{provider.SMS: 15 * won})
		rev := func() (own, others site.Rev) {
			w.view(func(tx *db.Tx) error {
				revs, err := site.Revs(tx, []string{s, other})
				own, others = revs[s], revs[other]
				return err
			})
			return own, others
		}
		_, still := rev()
		for i, act := range []func(){
			func() { w.assign(s, "gold", 0) },
			func() { w.planPrices("gold", list{provider.SMS: 16 * won}, noon.Add(day)) },
			func() { w.assign(s, "", noon.Add(day)) },
		} {
			before, _ := rev()
			act()
			after, others := rev()
			if after <= before || others != still {
				t.Errorf("act %d: got Rev %d after %d, and %d after %d of another site", i, after, before, others, still)
			}
		}
	})
}
