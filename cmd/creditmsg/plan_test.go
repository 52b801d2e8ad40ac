package main

import (
	"fmt"
	"testing"
)

func TestAPlanIsMadeChangedAndGivenToASite(t *testing.T) {
	office(t)
	made := object(t, done(t, "plan", "create", "gold", "--name", "골드", "--price", "sms=15,lms=39.5", "--json"))
	if made["id"] != "gold" || made["name"] != "골드" || made["complete"] != true || len(made["price_history"].([]any)) != 2 {
		t.Errorf("made: got %v", made)
	}
	shop(t, "--plan", "gold", "--price", "lms=38")
	prices := func() string { return fmt.Sprint(object(t, done(t, "site", "show", "shop", "--json"))["prices"]) }
	if got := prices(); got != "map[alimtalk:9.00 lms:38.00 mms:120.00 sms:15.00]" {
		t.Errorf("the site pays %s", got)
	}
	done(t, "site", "price", "shop", "--price", "lms=none")
	done(t, "plan", "price", "gold", "--price", "sms=none,mms=100")
	if got := prices(); got != "map[alimtalk:9.00 lms:39.50 mms:100.00 sms:18.00]" {
		t.Errorf("after the change the site pays %s", got)
	}
	done(t, "plan", "price", "gold", "--price", "sms=14", "--since", "2099-12-01 00:00")
	wants(t, "the plan", done(t, "plan", "show", "gold"), "gold (골드)", "sites", "mms 100 won, now", "sms 14 won, planned from 2099-12-01 00:00 (plan gold)")
	wants(t, "the site", done(t, "site", "show", "shop"), "plan", "gold", "sms 18 won, now", "alimtalk 9 won, now (default)", "sms 14 won, planned from 2099-12-01 00:00 (plan gold)")
	wants(t, "the list", done(t, "plan", "list"), "PLAN", "gold", "골드")
	moved := object(t, done(t, "site", "plan", "shop", "none", "--since", "2099-11-01 00:00", "--json"))
	if moved["since"] != "2099-10-31T15:00:00Z" || fmt.Sprint(moved["prices"]) != "map[alimtalk:9.00 lms:45.00 mms:120.00 sms:18.00]" {
		t.Errorf("moved: got %v", moved)
	}
	wants(t, "the move", done(t, "site", "plan", "shop", "gold"), "shop has the plan gold from", "mms 100 won")
}

func TestAPlanThatIsWrongIsRefusedWithItsPlace(t *testing.T) {
	office(t)
	shop(t)
	done(t, "plan", "create", "gold", "--name", "골드")
	refused(t, 1, []string{"plan", "create", "gold", "--name", "x"}, `there is a plan "gold" already`)
	refused(t, 1, []string{"plan", "create", "Gold!", "--name", "x"}, "/id")
	refused(t, 1, []string{"plan", "create", "none", "--name", "x"}, "/id")
	refused(t, 1, []string{"plan", "create", "iron", "--name", " "}, "/name")
	refused(t, 1, []string{"plan", "create", "iron", "--name", "x", "--price", "sms=none"}, "--price", "no price to drop")
	refused(t, 1, []string{"plan", "price", "gold", "--price", "sms=-1"}, "--price: sms=-1: want an amount")
	refused(t, 1, []string{"plan", "price", "gold", "--price", "sms=1.23456"}, "four decimals")
	refused(t, 1, []string{"plan", "price", "gold", "--price", "fax=1"}, "alimtalk, sms, lms, mms")
	refused(t, 1, []string{"plan", "price", "gold", "--price", "sms=1", "--since", "2020-12-01 00:00"}, "/since", "past")
	refused(t, 1, []string{"plan", "price", "gold", "--price", "sms=1", "--since", "soon"}, "--since")
	refused(t, 1, []string{"plan", "price", "iron", "--price", "sms=1"}, `no plan "iron"`)
	refused(t, 1, []string{"plan", "show", "iron"}, `no plan "iron"`)
	refused(t, 1, []string{"site", "plan", "shop", "iron"}, `no plan "iron"`)
	refused(t, 1, []string{"site", "plan", "nobody", "gold"}, `no site "nobody"`)
	refused(t, 1, []string{"site", "plan", "shop", "gold", "--since", "2020-12-01 00:00"}, "/since", "past")
	refused(t, 1, []string{"site", "create", "other", "--name", "x", "--plan", "iron"}, `no plan "iron"`)
	refused(t, 2, []string{"plan", "price", "gold"}, "--price")
	refused(t, 2, []string{"site", "plan", "shop"}, "plan")
}
