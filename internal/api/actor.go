package api

import (
	"creditmsg/internal/audit"
	"creditmsg/internal/id"
)

// actor says who a request is of, for the entries of the audit log that its transactions
// write. It is asked when something is noted, and by then known who calls.
func (a *api) actor(x *exchange) audit.Actor {
	who := audit.Actor{Request: x.id, Operation: x.doing}
	if at := a.client(x.request); at.IsValid() {
		who.Address = at.String()
	}
	provider, gateway := x.request.PathValue("provider"), x.request.PathValue("gateway")
	switch {
	case x.call.Person != nil:
		who.Kind, who.ID = audit.Person, x.actor()
	case !x.token.ID.IsZero():
		who.Kind, who.ID, who.Name = audit.Token, x.token.ID.Text(id.Token), x.token.Name
	case provider != "":
		who.Kind, who.ID = audit.Provider, provider
	case gateway != "":
		who.Kind, who.ID = audit.Gateway, gateway
	case x.doing == returnFromPayment || x.doing == returnFromCard: // a payer's browser, but it is the gateway who is believed
		who.Kind = audit.Gateway
	}
	return who
}
