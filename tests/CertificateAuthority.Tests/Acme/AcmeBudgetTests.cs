using System.Net;
using System.Security.Cryptography;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>Orders of those who have had as many certificates as they may: each is told when to come again, and waits for them (RFC 8555 6.6).</summary>
public sealed class AcmeBudgetTests(AcmeHost fixture) : IClassFixture<AcmeHost>
{
    [SkippableTheory]
    [InlineData("certificatesPerHour", "The provisioner")]
    [InlineData("perCredentialPerHour", "The credential")]
    [InlineData("perSourcePerHour", "The address")]
    public async Task Finalize_BeyondTheHour_IsRateLimitedAndTheOrderWaits(string limit, string whose)
    {
        BeginAnHour();
        var name = limit.ToLowerInvariant();
        await LimitAsync(name, $$"""{"{{limit}}":1}""");
        using var client = await fixture.NewClientAsync(name);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var first = await fixture.CertifiedAsync(client, key, $"first.{name}.test");
        var order = await fixture.ReadyOrderAsync(client, $"second.{name}.test");

        var refused = (await client.FinalizeAsync(order, key, null, $"second.{name}.test")).ShouldBe(HttpStatusCode.TooManyRequests, "rateLimited");

        refused["detail"].ShouldStartWith(whose);
        refused.RetryAfter!.Value.ShouldBeInRange(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        (await client.GetAsync(order.Location!))["status"].ShouldBe("ready");
        fixture.Time.Leap(refused.RetryAfter.Value);
        (await client.FinalizeAsync(order, key, null, $"second.{name}.test"))["status"].ShouldBe("valid");
    }

    [SkippableFact]
    public async Task Account_ThatHasHadItsShare_LeavesTheOthersTheirs()
    {
        BeginAnHour();
        await LimitAsync("shares", """{"perCredentialPerHour":1}""");
        using var greedy = await fixture.NewClientAsync("shares");
        using var other = await fixture.NewClientAsync("shares");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var first = await fixture.CertifiedAsync(greedy, key, "a.shares.test");
        var order = await fixture.ReadyOrderAsync(greedy, "b.shares.test");
        (await greedy.FinalizeAsync(order, key, null, "b.shares.test")).ShouldBe(HttpStatusCode.TooManyRequests, "rateLimited");

        using var others = await fixture.CertifiedAsync(other, key, "c.shares.test");

        others.SerialNumber.ShouldNotBe(first.SerialNumber);
    }

    [SkippableFact]
    public async Task Month_RaisedMeanwhile_FinishesTheOrderThatWaits()
    {
        BeginAnHour();
        await LimitAsync("month", """{"certificatesPerMonth":1}""");
        using var client = await fixture.NewClientAsync("month");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var first = await fixture.CertifiedAsync(client, key, "first.month.test");
        var order = await fixture.ReadyOrderAsync(client, "second.month.test");
        (await client.FinalizeAsync(order, key, null, "second.month.test")).ShouldBe(HttpStatusCode.TooManyRequests, "rateLimited").RetryAfter.ShouldBe(TimeSpan.FromHours(1));

        await LimitAsync("month", """{"certificatesPerMonth":2}""");

        (await client.FinalizeAsync(order, key, null, "second.month.test"))["status"].ShouldBe("valid");
    }

    /// <summary>A key, and so an account, costs nothing.</summary>
    [SkippableFact]
    public async Task Accounts_OfOneAddress_AreAHundredAndThenOneEachTenSeconds()
    {
        BeginAnHour();
        for (var i = 0; i < 100; i++)
        {
            (await fixture.NewClientAsync()).Dispose();
        }

        using var next = new AcmeClient(fixture.Ca, AcmeHost.Provisioner);
        (await next.RegisterAsync()).ShouldBe(HttpStatusCode.TooManyRequests, "rateLimited").RetryAfter.ShouldBe(TimeSpan.FromSeconds(10));
        fixture.Time.Leap(TimeSpan.FromSeconds(10));
        (await next.RegisterAsync()).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task Orders_OfOneAddress_AreThreeHundredAndThenOneASecond()
    {
        BeginAnHour();
        using var one = await fixture.NewClientAsync();
        using var other = await fixture.NewClientAsync();
        for (var i = 0; i < 150; i++)
        {
            (await one.OrderAsync($"{i}.one.test")).Status.ShouldBe(HttpStatusCode.Created);
            (await other.OrderAsync($"{i}.other.test")).Status.ShouldBe(HttpStatusCode.Created);
        }

        (await one.OrderAsync("more.one.test")).ShouldBe(HttpStatusCode.TooManyRequests, "rateLimited").RetryAfter.ShouldBe(TimeSpan.FromSeconds(1));
        fixture.Time.Leap(TimeSpan.FromSeconds(1));
        (await one.OrderAsync("more.one.test")).Status.ShouldBe(HttpStatusCode.Created);
    }

    /// <summary>Looks at challenges take time, and all of a test is to be within one hour of the clock.</summary>
    private void BeginAnHour()
    {
        var now = fixture.Time.GetUtcNow();
        fixture.Time.Leap(new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero).AddHours(now.Hour + 1) - now);
    }

    private Task LimitAsync(string provisioner, string limits) => fixture.AddAsync(provisioner, $$$"""{"options":{"limits":{{{limits}}}}}""");
}
