package kakao

import (
	"creditmsg/internal/audit"
	"creditmsg/internal/db"
)

// asked are what the audit log calls the wishes of people about a template.
var asked = map[wish]string{wishSubmit: "template.submitted", wishWithdraw: "template.withdrawn", wishRelease: "template.released", wishComment: "template.commented"}

// noteWish tells at which accounts somebody wants something done with a template. What a person
// writes to the inspector is not in it.
func noteWish(tx *db.Tx, w Wish, what wish, accounts []string) error {
	return audit.Note(tx, audit.Change{Site: w.Site, Action: asked[what], Ref: w.Code, After: audit.Fields{"providers": accounts}})
}

// noteChannel tells where a channel stands at an account now. The number of its manager is not in it.
func noteChannel(tx *db.Tx, c channelRow) error {
	return audit.Note(tx, audit.Change{Site: c.site, Action: "channel." + string(c.state), Ref: c.name, After: audit.Fields{"provider": c.account, "channel_id": c.channelID}})
}
