package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// planView is a price list that sites share.
type planView struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Prices    planRates `json:"prices" doc:"What it names now; null = what the installation's list says."`
	Sites     int       `json:"sites" doc:"That have it, or will."`
	Complete  bool      `json:"complete" doc:"Whether all of them go by its newest prices already: a plan of very many sites is brought to them within moments."`
	CreatedAt instant   `json:"created_at"`
}

func showPlan(now db.Time) func(credit.Plan) (planView, error) {
	return func(p credit.Plan) (planView, error) {
		v := planView{ID: p.ID, Name: p.Name, Prices: planRates{}, Sites: p.Sites, Complete: !p.Behind, CreatedAt: instant(p.CreatedAt)}
		for ch := range provider.Channel(provider.Channels) {
			v.Prices[ch] = nil
		}
		for _, one := range p.Prices {
			if one.When(now) == credit.Now {
				v.Prices[one.Channel] = &one.Cost
			}
		}
		return v, nil
	}
}

// planRates are prices by channel; nil is none.
type planRates map[provider.Channel]*money.Amount

// Schema describes the object.
func (planRates) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Properties: map[string]*huma.Schema{}}
	for ch := range provider.Channel(provider.Channels) {
		s.Properties[ch.String()] = &huma.Schema{Type: huma.TypeString, Nullable: true, Pattern: "^[0-9]{1,14}([.][0-9]{1,4})?$",
			PatternDescription: "won with at most four decimals, such as 8.40"}
	}
	return s
}

// parted gives the prices, and the channels that shall have none.
func (r planRates) parted() (prices map[provider.Channel]money.Amount, drop []provider.Channel) {
	prices = map[provider.Channel]money.Amount{}
	for ch, price := range r {
		if price == nil {
			drop = append(drop, ch)
		} else {
			prices[ch] = *price
		}
	}
	return prices, drop
}

type planAdded struct {
	Body struct {
		ID     string    `json:"id" example:"gold" doc:"2 to 40 characters of a-z, 0-9 and -, beginning with a letter."`
		Name   string    `json:"name" example:"골드"`
		Prices planRates `json:"prices,omitempty" doc:"What it names from now on."`
	} `nameHint:"PlanBody"`
}

type planNamed struct {
	ID string `path:"id" example:"gold"`
}

type planRenamed struct {
	ID   string `path:"id"`
	Body struct {
		Name string `json:"name"`
	} `nameHint:"PlanName"`
}

type planRepriced struct {
	ID   string `path:"id"`
	Body struct {
		Prices planRates `json:"prices" doc:"What changes. null takes a channel out of the plan: the installation's price counts again."`
		Since  string    `json:"since,omitempty" format:"date-time" doc:"From when on, not past; otherwise from now."`
	} `nameHint:"PlanChange"`
}

type planPricesInput struct {
	PricesOf
	ID string `path:"id"`
}

// onPlans is an operation on plans.
var onPlans = ofHouse("Plans", credit.LockPlan)

// plans declares the routes about price lists that sites share.
func plans(a *api) {
	const one = "/v1/plans/{id}"
	read(a, onPlans("listPlans", http.MethodGet, "/v1/plans", http.StatusOK, "List the plans by their ids", ""), a.listPlans)
	read(a, onPlans("getPlan", http.MethodGet, one, http.StatusOK, "Get a plan", ""), func(tx *db.Tx, _ *exchange, in *planNamed) (planView, error) {
		return planAfter(tx, in.ID, nil)
	})
	write(a, onPlans("addPlan", http.MethodPost, "/v1/plans", http.StatusCreated, "Make a plan", "", fault.CodeAlreadyExists),
		func(tx *db.Tx, _ *exchange, in *planAdded) (planView, error) {
			first, _ := in.Body.Prices.parted()
			return planAfter(tx, in.Body.ID, credit.CreatePlan(tx, in.Body.ID, in.Body.Name, first))
		})
	write(a, onPlans("renamePlan", http.MethodPut, one, http.StatusOK, "Rename a plan", ""),
		func(tx *db.Tx, _ *exchange, in *planRenamed) (planView, error) {
			return planAfter(tx, in.ID, credit.RenamePlan(tx, in.ID, in.Body.Name))
		})
	write(a, onPlans("removePlan", http.MethodDelete, one, http.StatusNoContent, "Remove a plan that no site has or will have", "", fault.CodeStateConflict),
		func(tx *db.Tx, _ *exchange, in *planNamed) (nothing, error) {
			return nothing{}, credit.RemovePlan(tx, in.ID)
		})
	read(a, onPlans("listPlanPrices", http.MethodGet, one+"/prices", http.StatusOK, "List what a plan names, past, now and planned, oldest first", ""),
		func(tx *db.Tx, x *exchange, in *planPricesInput) (out listOf[periodView], err error) {
			p, err := credit.FindPlan(tx, in.ID)
			if err != nil {
				return out, err
			}
			return a.pagePeriods(tx, x, &in.PricesOf, p.Prices, "plan prices", in.ID)
		})
	write(a, onPlans("setPlanPrices", http.MethodPost, one+"/prices", http.StatusOK, "Change the prices of a plan, now or from a time to come",
		"Messages that were accepted keep their prices. Of very many sites some follow within moments, and pay until then what they did; `complete` tells when all have."), a.setPlanPrices)
}

// planAfter gives a plan as it is after an act.
func planAfter(tx *db.Tx, id string, err error) (planView, error) {
	if err != nil {
		return planView{}, err
	}
	p, err := credit.FindPlan(tx, id)
	if err != nil {
		return planView{}, err
	}
	return showPlan(tx.Now)(p)
}

func (a *api) listPlans(tx *db.Tx, x *exchange, in *Paging) (out listOf[planView], err error) {
	l, err := a.list(tx, x, "plans")
	if err != nil {
		return out, err
	}
	var after string
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	rows, err := credit.Plans(tx, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, showPlan(tx.Now), func(p credit.Plan) any { return p.ID })
}

func (a *api) setPlanPrices(tx *db.Tx, _ *exchange, in *planRepriced) (planView, error) {
	since, err := sinceOf(in.Body.Since)
	if err != nil {
		return planView{}, err
	}
	prices, drop := in.Body.Prices.parted()
	return planAfter(tx, in.ID, a.Ledger.SetPlanPrices(tx, in.ID, prices, since, drop...))
}
