package api

import (
	"net/http"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

type siteEntered struct {
	ID   string `path:"id" example:"flowers"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" example:"문의 1234에 답하려고" doc:"For the people of the site to read. Numbers in it are masked."`
	} `nameHint:"EnterBody"`
}

type enteredView struct {
	Site   string  `json:"site"`
	Entry  string  `json:"entry" doc:"Of the site's audit log."`
	At     instant `json:"at"`
	Until  instant `json:"until" doc:"Until then it need not be said again."`
	Reason string  `json:"reason" doc:"As it stands in the log."`
}

// entering declares the route by which people of the installation say that they enter a site.
func entering(a *api) {
	write(a, operation{
		id: "enterSite", method: http.MethodPost, path: "/v1/sites/{id}/enter", tag: "Sites", ability: site.Operator, house: true, staff: true, status: http.StatusOK, unkeyed: true,
		summary: "Say that you look at a site, or act for it, from now on",
		about: "For operators, and for people who signed in with a role on all sites. It stands in the site's audit log as `site.entered`, where its people see it. " +
			"In the same hour it is noted once for each person: repeated, it gives the first word.",
	}, func(tx *db.Tx, _ *exchange, in *siteEntered) (enteredView, error) {
		e, err := site.Enter(tx, in.ID, in.Body.Reason)
		return enteredView{e.Site, e.Entry.Text(id.Entry), instant(e.At), instant(e.Until), e.Reason}, err
	})
}
