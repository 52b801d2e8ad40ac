package server

import (
	"bytes"
	"context"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/registration"
)

func TestTheOperatorSeesWhatARemovedNumberWasDecidedOnBy(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		c := testConfig(t)
		c.Database.URL = Address(dbtest.Migrated(t, engine))
		p, err := OpenOperator(t.Context(), c, OperatorOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		o := &office{t, p, nil, ""}
		_, err = p.CreateSite(t.Context(), NewSite{ID: "shop", Name: "꽃집"})
		o.must(err)
		proof := []byte("%PDF-1.7\n")
		o.must(p.d.Update(context.Background(), "test", func(tx *db.Tx) error {
			if _, err := p.registration.Ask(tx, "shop", "02-700-1234"); err != nil {
				return err
			}
			_, err := p.registration.Add(tx, "shop", "027001234", registration.ServiceCertificate, "증명원.pdf", proof)
			return err
		}))
		if one, err := p.DecideSender(t.Context(), "shop", "02-700-1234", "blocked", "신고됨"); err != nil || len(one.Documents) != 1 || one.Documents[0].KeptSince.IsZero() {
			t.Errorf("blocked: %+v, %v", one, err)
		}
		o.must(p.RemoveSender(t.Context(), "shop", "02-700-1234"))
		o.refused(p.RemoveSender(t.Context(), "shop", "02-700-1234"), fault.NotFound, "02-700-1234")
		list, err := p.Senders(t.Context(), "shop")
		if err != nil || len(list.Data) != 1 || list.Data[0].Number != "027001234" || list.Data[0].State != "removed" || len(list.Data[0].Documents) != 1 {
			t.Fatalf("listed: %+v, %v", list, err)
		}
		d := list.Data[0].Documents[0]
		content, err := p.SenderDocument(t.Context(), "shop", "02-700-1234", d.ID)
		if err != nil || !bytes.Equal(content, proof) || d.AddedAt.IsZero() {
			t.Errorf("its document: %+v, %q, %v", d, content, err)
		}
	}
}
