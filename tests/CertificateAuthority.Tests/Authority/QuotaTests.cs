using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>What one subject and one tenant can have, however many ask at once.</summary>
public sealed class QuotaTests : IAsyncLifetime
{
    private readonly FakeTime _time = new(TimeProvider.System.GetUtcNow());
    private CaHost _ca = null!;

    private Authority Authority => _ca.Authority;

    public async Task InitializeAsync() => _ca = await CaHost.StartAsync(time: _time);

    public async Task DisposeAsync() => await _ca.DisposeAsync();

    [SkippableFact]
    public async Task Renew_SameKeyBeforeHalfTheLifetime_GetsTheCurrentOneAgain()
    {
        using var key = StepCaCalls.NewKey();
        using var current = await DeviceAsync("early", key);

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => RenewAsync(current)));

        answers.ShouldAllBe(a => a.Serial == current.Serial());
        (await CountAsync("early")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Renew_SameKeyAfterHalfTheLifetime_GetsOneNewOneHoweverManyAsk()
    {
        using var key = StepCaCalls.NewKey();
        using var current = await DeviceAsync("due", key);
        _time.Advance(TimeSpan.FromHours(13));

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => RenewAsync(current)));

        answers.Select(a => a.Serial).Distinct().Single().ShouldNotBe(current.Serial());
        (await CountAsync("due")).ShouldBe(2);
    }

    [SkippableFact]
    public async Task Renew_NewKeyAgainAfterALostAnswer_GetsWhatTheFirstCallGot()
    {
        using var key = StepCaCalls.NewKey();
        using var next = StepCaCalls.NewKey();
        using var current = await DeviceAsync("lost", key);

        var first = await RenewAsync(current, next);
        var again = await RenewAsync(current, next);

        again.Serial.ShouldBe(first.Serial);
        again.Der.ToArray().ShouldBe(first.Der.ToArray());
        (await CountAsync("lost")).ShouldBe(2);
    }

    [SkippableFact]
    public async Task Renew_CurrentOneIsRevoked_IsNoAnswer()
    {
        using var key = StepCaCalls.NewKey();
        using var next = StepCaCalls.NewKey();
        using var current = await DeviceAsync("half-gone", key);
        var first = await RenewAsync(current, next);
        await Authority.RevokeAsync(new Revocation { Serial = first.SerialNumber, By = "admin" }, CancellationToken.None);

        (await RenewAsync(current, next)).Serial.ShouldNotBe(first.Serial);
    }

    [SkippableFact]
    public async Task Renew_ShorterLifetimeThanTheCurrentOne_GetsIt()
    {
        using var key = StepCaCalls.NewKey();
        using var current = await DeviceAsync("shortened", key);

        var renewed = await RenewAsync(current, lifetime: TimeSpan.FromHours(1));

        renewed.NotAfter.ShouldBeLessThan(_time.GetUtcNow().AddMinutes(61));
    }

    [SkippableFact]
    public async Task Renew_NewKeysAtOnce_TenInAnEighthOfTheLifetimeAndNoMore()
    {
        using var key = StepCaCalls.NewKey();
        using var current = await DeviceAsync("flood", key);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 100).Select(async _ =>
        {
            using var next = StepCaCalls.NewKey();
            return await TryAsync(() => RenewAsync(current, next));
        }));

        outcomes.Count(o => o is null).ShouldBe(9);
        outcomes.OfType<ProblemException>().ShouldAllBe(p => p.Status == 429 && p.Code == "certificate_quota" && p.RetryAfter > TimeSpan.Zero && p.RetryAfter <= TimeSpan.FromHours(3.1));
        (await CountAsync("flood")).ShouldBe(10);

        _time.Advance(TimeSpan.FromHours(3.1));
        using var later = StepCaCalls.NewKey();
        (await RenewAsync(current, later)).ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task Issue_TenantsHourIsFull_Is429UntilTheNextHour()
    {
        using var key = StepCaCalls.NewKey();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => TryAsync(() => IssueAsync($"fleet-{i}", key, perHour: 25))));

        outcomes.Count(o => o is null).ShouldBe(25);
        outcomes.OfType<ProblemException>().ShouldAllBe(p => p.Status == 429 && p.Code == "tenant_certificate_quota" && p.RetryAfter > TimeSpan.Zero && p.RetryAfter <= TimeSpan.FromHours(1));

        _time.Advance(TimeSpan.FromHours(1));
        (await TryAsync(() => IssueAsync("fleet-later", key, perHour: 25))).ShouldBeNull();
    }

    [SkippableFact]
    public async Task Renew_LimitAboveWhatIsCounted_IsNone()
    {
        await using var ca = await CaHost.StartAsync(CaHost.DefaultOptions with { RenewalsPerSubject = 101 });
        using var leaf = await ca.EnrollAsync("often.test");
        using var client = ca.Client(leaf);

        for (var i = 0; i < 110; i++)
        {
            (await client.SendAsync("/1.0/renew", "")).Status.ShouldBe(System.Net.HttpStatusCode.Created);
        }
    }

    private Task<IssuedCertificate> IssueAsync(string id, ECDsa key, int? perHour = null) => Authority.IssueAsync(
        AuthorityTests.DeviceOrder(id, key) with { Quota = new IssuanceQuota { AnswersWithTheFreshOne = false, TenantPerHour = perHour } }, CancellationToken.None);

    private async Task<X509Certificate2> DeviceAsync(string id, ECDsa key) => Pem.ParseCertificate((await IssueAsync(id, key)).Pem);

    private async Task<IssuedCertificate> RenewAsync(X509Certificate2 current, ECDsa? next = null, TimeSpan? lifetime = null) => await Authority.RenewAsync(
        new CertificateRenewal
        {
            Current = await Authority.IdentifyAsync(current, CancellationToken.None),
            Csr = next is null ? null : CertificateSigningRequest.ParsePem(StepCaCalls.Csr(next, null)),
            Lifetime = lifetime,
            Profile = Profiles.Device,
            Quota = new IssuanceQuota(),
        },
        CancellationToken.None);

    private Task<long> CountAsync(string subject) => _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE subject = $1", subject);

    private static async Task<ProblemException?> TryAsync(Func<Task<IssuedCertificate>> order)
    {
        try
        {
            await order();
            return null;
        }
        catch (ProblemException e)
        {
            return e;
        }
    }
}
