package api

import (
	"context"
	"net/http"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/payment"
)

// cardView is a card that was left with a gateway.
type cardView struct {
	ID        string         `json:"id"`
	Status    string         `json:"status" enum:"pending,active,disabled,removing,removed"`
	Gateway   string         `json:"gateway"`
	Label     string         `json:"label" doc:"As people read it: 신한 4330-****-****-1234"`
	Place     int            `json:"place" doc:"Automatic recharges try lower ones first."`
	Reason    *payReasonView `json:"reason" doc:"Why it cannot be charged."`
	Checkout  *checkoutView  `json:"checkout" doc:"Where its owner confirms it, while it is pending."`
	CreatedAt instant        `json:"created_at"`
}

func showCard(c billing.Card) (cardView, error) {
	return cardView{c.ID.Text(id.Card), string(c.State), c.Gateway, c.Token.Label, c.Place, showPayReason(c.Reason, c.Code), showCheckout(c.Checkout), instant(c.CreatedAt)}, nil
}

type cardInput struct {
	ID string `path:"id" doc:"pmt_…"`
}

type cardBegun struct {
	Body struct {
		Gateway   string `json:"gateway,omitempty" doc:"As configured; without it the first that keeps cards."`
		ReturnURL string `json:"return_url" doc:"The page to which the browser returns, with payment_method and status."`
		Payer     struct {
			Name  string `json:"name,omitempty" maxLength:"60"`
			Email string `json:"email,omitempty" maxLength:"200"`
		} `json:"payer,omitempty"`
	} `nameHint:"PaymentMethodBody"`
}

type cardMoved struct {
	ID   string `path:"id" doc:"pmt_…"`
	Body struct {
		Place int `json:"place" minimum:"0" maximum:"1000000" doc:"Automatic recharges try lower ones first."`
	} `nameHint:"PaymentMethodPlace"`
}

// cards declares the routes about payment methods.
func cards(a *api) {
	read(a, operation{
		id: "listPaymentMethods", method: http.MethodGet, path: "/v1/payment-methods", tag: "Payments", ability: "credit:read", status: http.StatusOK,
		summary: "List the stored cards in the order in which automatic recharges try them",
	}, func(tx *db.Tx, x *exchange, _ *struct{}) (listOf[cardView], error) {
		all, err := a.Billing.Cards(tx, x.site)
		if err != nil {
			return listOf[cardView]{}, err
		}
		return pageOf(list{}, all, len(all), showCard, nil)
	})
	read(a, operation{
		id: "getPaymentMethod", method: http.MethodGet, path: "/v1/payment-methods/{id}", tag: "Payments", ability: "credit:read", status: http.StatusOK,
		summary: "Get a stored card",
	}, func(tx *db.Tx, x *exchange, in *cardInput) (cardView, error) {
		c, err := a.card(tx, x, in.ID)
		if err != nil {
			return cardView{}, err
		}
		return showCard(c)
	})
	perform(a, operation{
		id: "addPaymentMethod", secondFactor: true, method: http.MethodPost, path: "/v1/payment-methods", tag: "Payments", ability: "credit:write", status: http.StatusCreated,
		summary: "Leave a card with a gateway, for later charges", codes: []string{fault.CodeNotSupported, fault.CodeStateConflict},
		about: "The card itself is given to the gateway, on its page, and never seen here.",
	}, func(ctx context.Context, x *exchange, in *cardBegun, key string) (billing.Card, error) {
		return a.Billing.BeginCard(ctx, billing.CardRequest{
			Site: x.site, Gateway: in.Body.Gateway, ReturnURL: in.Body.ReturnURL, Key: key,
			Payer: payment.Payer{Name: in.Body.Payer.Name, Email: in.Body.Payer.Email},
			Back:  func(id string) string { return a.here(x) + "/payment-methods/" + id + "/return" },
		})
	}, func(_ *db.Tx, c billing.Card) (cardView, error) { return showCard(c) })
	write(a, operation{
		id: "movePaymentMethod", secondFactor: true, method: http.MethodPatch, path: "/v1/payment-methods/{id}", tag: "Payments", ability: "credit:write", status: http.StatusOK,
		summary: "Change the order in which automatic recharges try cards",
	}, func(tx *db.Tx, x *exchange, in *cardMoved) (cardView, error) {
		of, err := cardID(in.ID)
		if err != nil {
			return cardView{}, err
		}
		c, err := a.Billing.MoveCard(tx, x.site, of, in.Body.Place)
		if err != nil {
			return cardView{}, err
		}
		return showCard(c)
	})
	write(a, operation{
		id: "removePaymentMethod", secondFactor: true, method: http.MethodDelete, path: "/v1/payment-methods/{id}", tag: "Payments", ability: "credit:write", status: http.StatusNoContent,
		summary: "Have a gateway forget a card", codes: []string{fault.CodeStateConflict},
		about: "It is not charged any more from now on. The only card of an automatic recharge that is on cannot be removed.",
	}, func(tx *db.Tx, x *exchange, in *cardInput) (nothing, error) {
		of, err := cardID(in.ID)
		if err != nil {
			return nothing{}, err
		}
		return nothing{}, a.Billing.RemoveCard(tx, x.site, of)
	})
}

func cardID(text string) (id.ID, error) { return named(id.Card, "payment method", text) }

func (a *api) card(tx *db.Tx, x *exchange, text string) (billing.Card, error) {
	of, err := cardID(text)
	if err != nil {
		return billing.Card{}, err
	}
	return a.Billing.FindCard(tx, x.site, of)
}
