using System.Net;
using System.Security.Cryptography;
using IoTPlatform.CertificateAuthority.Acme.Challenges;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>Orders and authorizations end with their time (RFC 8555 7.1.3, 7.1.4, 7.1.6), and a week later nothing is left of them.</summary>
public sealed class AcmeExpiryTests(AcmeHost fixture) : IClassFixture<AcmeHost>
{
    [SkippableFact]
    public async Task Order_WhoseTimeIsOver_IsInvalidAndNotFinished()
    {
        using var client = await fixture.NewClientAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pending = await client.OrderAsync("unproven.test");
        var ready = await fixture.ReadyOrderAsync(client, "proven.test");
        var finished = await fixture.ReadyOrderAsync(client, "finished.test");
        (await client.FinalizeAsync(finished, key, null, "finished.test"))["status"].ShouldBe("valid");
        var challenge = (await client.GetAsync(pending.Authorizations.Single())).Challenge("http-01");
        var asked = 0;
        fixture.Servers.Pages[challenge.GetProperty("token").GetString()!] = context =>
        {
            Interlocked.Increment(ref asked);
            return context.Response.WriteAsync(client.KeyAuthorization(challenge.GetProperty("token").GetString()!));
        };
        fixture.Time.Leap(Expires(pending) - fixture.Time.GetUtcNow() - TimeSpan.FromSeconds(1));
        (await StatusAsync(pending.Location!)).ShouldBe("pending");

        fixture.Time.Leap(Expires(finished) - fixture.Time.GetUtcNow());

        (await StatusAsync(pending.Location!)).ShouldBe("invalid");
        (await StatusAsync(ready.Location!)).ShouldBe("invalid");
        (await StatusAsync(finished.Location!)).ShouldBe("valid", "it has its certificate");
        foreach (var order in new[] { pending, ready, finished })
        {
            (await StatusAsync(order.Authorizations.Single())).ShouldBe("expired");
        }

        (await client.PostAsync(challenge.GetProperty("url").GetString()!, new { }))["status"].ShouldBe("pending", "it is not looked at any more");
        asked.ShouldBe(0);
        (await client.FinalizeAsync(ready, key, null, "proven.test")).ShouldBe(HttpStatusCode.Forbidden, "orderNotReady").Body.ShouldContain("invalid");
        (await client.GetAsync(client.Account + "/orders")).Json.GetProperty("orders").EnumerateArray().Select(order => order.GetString()).ShouldBe([finished.Location]);

        async Task<string> StatusAsync(string url) => (await client.GetAsync(url))["status"];
    }

    [SkippableFact]
    public async Task Order_AWeekAfterItsEnd_IsForgottenUnlessItsCertificateLives()
    {
        await fixture.AddAsync("months", """{"claims":{"defaultTLSCertDuration":"720h","maxTLSCertDuration":"720h"}}""");
        using var client = await fixture.NewClientAsync("months");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var over = await fixture.ReadyOrderAsync(client, "over.test");
        var certified = await fixture.ReadyOrderAsync(client, "certified.test");
        var certificate = (await client.FinalizeAsync(certified, key, null, "certified.test"))["certificate"];
        fixture.Time.Leap(TimeSpan.FromDays(6));
        var later = await client.OrderAsync("later.test");

        fixture.Time.Leap(TimeSpan.FromDays(2) + TimeSpan.FromMinutes(1));

        await SweptAsync("SELECT count(*) FROM acme.orders WHERE id = $1", Id(over.Location!));
        (await fixture.Ca.Database.ScalarAsync<long>("SELECT count(*) FROM acme.authorizations WHERE order_id = $1", Id(over.Location!))).ShouldBe(0);
        (await fixture.Ca.Database.ScalarAsync<long>("SELECT count(*) FROM acme.challenges WHERE authorization_id = $1", Id(over.Authorizations.Single()))).ShouldBe(0);
        (await client.GetAsync(over.Location!)).ShouldBe(HttpStatusCode.NotFound, "malformed");
        (await client.GetAsync(over.Authorizations.Single())).ShouldBe(HttpStatusCode.NotFound, "malformed");
        (await client.GetAsync(later.Location!))["status"].ShouldBe("invalid", "its end is not a week ago");
        (await client.GetAsync(certified.Location!))["status"].ShouldBe("valid");
        (await client.GetAsync(certificate)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task Account_ThatNeverOrdered_IsForgottenAfterThreeMonths()
    {
        using var idle = await fixture.NewClientAsync();
        using var customer = await fixture.NewClientAsync();
        (await customer.OrderAsync("customer.test")).Status.ShouldBe(HttpStatusCode.Created);

        fixture.Time.Leap(TimeSpan.FromDays(98));

        await SweptAsync("SELECT count(*) FROM acme.accounts WHERE id = $1", Id(idle.Account!));
        (await idle.OrderAsync("idle.test")).ShouldBe(HttpStatusCode.BadRequest, "accountDoesNotExist");
        (await customer.OrderAsync("customer.test")).Status.ShouldBe(HttpStatusCode.Created);
    }

    private static DateTimeOffset Expires(AcmeReply order) => order.Json.GetProperty("expires").GetDateTimeOffset();

    private static string Id(string url) => url.Split('/')[^1];

    /// <summary>The worker sweeps by the clock that has leapt, in its next round.</summary>
    private async Task SweptAsync(string count, string id)
    {
        fixture.Service<ChallengeWorker>().Wake();
        for (var i = 0; i < 1000 && await fixture.Ca.Database.ScalarAsync<long>(count, id) > 0; i++)
        {
            await Task.Delay(20);
        }

        (await fixture.Ca.Database.ScalarAsync<long>(count, id)).ShouldBe(0);
    }
}
