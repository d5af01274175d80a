using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Limits;

/// <summary>Guessers are slowed down; those who bring what opens are not.</summary>
public sealed class GuessingTests
{
    [SkippableFact]
    public async Task WrongPasswords_FromManyAddresses_AdministratorStillSignsInFromItsOwn()
    {
        await using var provider = await ProviderStack.StartAsync();
        using var own = Attacker.Honest(provider);
        var form = await SignInForm.ReadAsync(own, new Uri(provider.Url, "portal"));
        (await SignInAsync(provider, own, form, ProviderStack.AdminPassword)).ShouldBe(HttpStatusCode.SeeOther);

        for (var i = 0; i < 60; i++)
        {
            using var guesser = Attacker.Honest(provider, string.Create(CultureInfo.InvariantCulture, $"127.0.1.{i + 1}"));
            (await SignInAsync(provider, guesser, form, $"guess number {i}")).ShouldBeOneOf(HttpStatusCode.Forbidden, HttpStatusCode.TooManyRequests);
        }

        using var stranger = Attacker.Honest(provider, "127.0.2.1");
        (await SignInAsync(provider, stranger, form, ProviderStack.AdminPassword)).ShouldBe(HttpStatusCode.TooManyRequests);
        (await SignInAsync(provider, own, form, ProviderStack.AdminPassword)).ShouldBe(HttpStatusCode.SeeOther);
        (await provider.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action LIKE 'login.failed%' OR action LIKE 'login.locked%'")).ShouldBeLessThan(10);
    }

    [SkippableFact]
    public async Task WrongPasswords_InParallel_NoMoreThanFiveAreChecked()
    {
        await using var provider = await ProviderStack.StartAsync();
        using var guesser = Attacker.Honest(provider);
        var form = await SignInForm.ReadAsync(guesser, new Uri(provider.Url, "portal"));

        var answers = await Task.WhenAll(Enumerable.Range(0, 120).Select(i => SignInAsync(provider, guesser, form, $"guess number {i}")));

        answers.Count(status => status == HttpStatusCode.Forbidden).ShouldBeInRange(1, 7);
        answers.ShouldAllBe(status => status == HttpStatusCode.Forbidden || status == HttpStatusCode.TooManyRequests || status == HttpStatusCode.ServiceUnavailable);
    }

    [SkippableFact]
    public async Task WrongJoinKeys_ThreeHundredAndForty_ValidKeyFromTheSameAddressOpens()
    {
        await using var provider = await ProviderStack.StartAsync();
        var prepared = await provider.PrepareAsync("acme");
        using var guesser = Attacker.Honest(provider);
        for (var i = 0; i < 340; i++)
        {
            (await JoinAsync(guesser, string.Create(CultureInfo.InvariantCulture, $"0000-0000-0000-{i:0000}"))).ShouldBeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.TooManyRequests);
        }

        // The key opens; what is missing is the request itself.
        (await JoinAsync(guesser, prepared.JoinKey)).ShouldBe(HttpStatusCode.BadRequest);
        (await provider.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'join.key_refused'")).ShouldBeLessThan(10);
    }

    [SkippableFact]
    public async Task WrongJoinKeys_InParallel_NoMoreThanTenAreAnswered()
    {
        await using var provider = await ProviderStack.StartAsync();
        using var guesser = Attacker.Honest(provider);

        var answers = await Task.WhenAll(Enumerable.Range(0, 120).Select(i => JoinAsync(guesser, string.Create(CultureInfo.InvariantCulture, $"0000-0000-0000-{i:0000}"))));

        // A slow machine takes so long for 120 requests that a wait or two is over meanwhile.
        answers.Count(status => status == HttpStatusCode.Unauthorized).ShouldBeInRange(10, 13);
    }

    [SkippableFact]
    public async Task WrongJoinKeys_FromFiveHundredAddresses_AreAFewLinesInTheAuditLog()
    {
        await using var provider = await ProviderStack.StartAsync();
        for (var i = 0; i < 500; i++)
        {
            using var guesser = Attacker.Honest(provider, string.Create(CultureInfo.InvariantCulture, $"127.0.{1 + i / 250}.{1 + i % 250}"));
            (await JoinAsync(guesser, "0000-0000-0000-0000")).ShouldBe(HttpStatusCode.Unauthorized);
        }

        (await provider.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'join.key_refused'")).ShouldBeLessThan(10);
    }

    // Password hashing is slow on purpose: it must not take the processor from other requests.
    [SkippableFact]
    public async Task Logins_FortyInParallel_HostAnswersMeanwhile()
    {
        await using var provider = await ProviderStack.StartAsync();
        using var known = Attacker.Honest(provider, "127.0.0.2");
        known.DefaultRequestHeaders.Authorization = new("Bearer", await provider.TokenAsync());
        (await known.GetAsync("portal/admin/tenants")).EnsureSuccessStatusCode();
        var form = await SignInForm.ReadAsync(known, new Uri(provider.Url, "portal"));
        using var over = new CancellationTokenSource();
        var guessing = Enumerable.Range(0, 40).Select(async i =>
        {
            using var guesser = Attacker.Honest(provider, string.Create(CultureInfo.InvariantCulture, $"127.0.1.{i + 1}"));
            for (var n = 0; !over.IsCancellationRequested; n++)
            {
                try
                {
                    await SignInAsync(provider, guesser, form, $"guess {n}", $"name-{i}-{n}");
                }
                catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
                {
                    // Shed.
                }
            }
        }).ToList();

        var slowest = TimeSpan.Zero;
        for (var i = 0; i < 20; i++)
        {
            var watch = Stopwatch.StartNew();
            (await known.GetAsync("portal/admin/tenants")).EnsureSuccessStatusCode();
            slowest = watch.Elapsed > slowest ? watch.Elapsed : slowest;
        }

        await over.CancelAsync();
        await Task.WhenAll(guessing);
        slowest.ShouldBeLessThan(TimeSpan.FromSeconds(10));
    }

    /// <summary>By the sign-in page's form: 303 is signed in, 403 refused.</summary>
    private static async Task<HttpStatusCode> SignInAsync(ProviderStack provider, HttpClient client, SignInForm form, string password, string username = "admin")
    {
        using var answer = await form.SendAsync(client, new Uri(provider.Url, "portal/sign-in"), username, password);
        return answer.StatusCode;
    }

    private static async Task<HttpStatusCode> JoinAsync(HttpClient client, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "portal/admin/join");
        request.Headers.Add("X-Join-Key", key);
        request.Content = JsonContent.Create(new { sub_ca_csr = "none", mqtt_bridge_csr = "none" });
        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }
}
