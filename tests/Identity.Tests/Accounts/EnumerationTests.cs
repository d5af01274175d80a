using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Text.RegularExpressions;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Factors;
using IoTPlatform.Identity.Tests.Portal;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Tests.Accounts;

/// <summary>Whether there is an account, and in what state, is not to be learned without its password: neither by what the pages say, nor by the work that an answer takes.</summary>
public sealed class EnumerationTests : IAsyncLifetime
{
    private const string Unknown = "nobody";
    private const string Disabled = "dora";
    private const string Invited = "ines";
    private const string WithSecondFactor = "fay";
    private const string Known = "ann";
    private readonly Hasher _hasher = new();
    private PortalApp _portal = null!;

    public async Task InitializeAsync()
    {
        _portal = await PortalApp.StartAsync(services: services => services.AddSingleton<IPasswordHasher<object>>(_hasher));
        foreach (var name in new[] { Known, Disabled, WithSecondFactor, "root" })
        {
            await _portal.App.Accounts.CreateAsync(name, TestApp.Password, [name == "root" ? Roles.Admin : Roles.Operator], default);
        }

        var administration = _portal.App.Services.GetRequiredService<AccountAdministration>();
        await administration.DisableAsync(Disabled, "root", default);
        await administration.AddAsync(Invited, [Roles.Viewer], "root", default);
        await _portal.App.Database.ExecuteAsync($"""
            INSERT INTO accounts.authenticators (account, ciphertext, last_step, added_at) SELECT id, 'x', 0, now() FROM accounts.accounts WHERE username = '{WithSecondFactor}'
            """);
    }

    public Task DisposeAsync() => _portal.DisposeAsync().AsTask();

    /// <summary>One verification of today's work each, also for the right password of an account that is disabled.</summary>
    [SkippableTheory]
    [InlineData(Unknown, "a guess")]
    [InlineData(Known, "a guess")]
    [InlineData(Disabled, "a guess")]
    [InlineData(Disabled, TestApp.Password)]
    [InlineData(Invited, "a guess")]
    [InlineData(WithSecondFactor, "a guess")]
    [InlineData("No Name At All", "a guess")]
    [InlineData(Known, "")]
    public async Task Refusal_TakesTheSameWork(string username, string password)
    {
        var refused = await Should.ThrowAsync<ProblemException>(() => Logins.CheckPasswordAsync(username, password, IPAddress.Loopback, default));

        (refused.Status, refused.Code, refused.Message, refused.RetryAfter).ShouldBe((401, "login_failed", "Unknown name or wrong password.", null));
        _hasher.Work.ShouldBe([210_000]);
    }

    /// <summary>An attempt that has to wait is refused before any work, whether there is such an account or not.</summary>
    [SkippableTheory]
    [InlineData(Unknown)]
    [InlineData(Known)]
    [InlineData(Disabled)]
    public async Task RefusalWhileLocked_TakesNoWork_AndWaitsAsLong(string username)
    {
        for (var i = 0; i < 5; i++)
        {
            await Should.ThrowAsync<ProblemException>(() => Logins.CheckPasswordAsync(username, $"guess {i}", IPAddress.Loopback, default));
        }

        _hasher.Work.Clear();
        var refused = await Should.ThrowAsync<ProblemException>(() => Logins.CheckPasswordAsync(username, TestApp.Password, IPAddress.Loopback, default));

        (refused.Status, refused.Code, refused.RetryAfter).ShouldBe((429, "too_many_attempts", TimeSpan.FromSeconds(30)));
        refused.Message.ShouldNotContain(username);
        _hasher.Work.ShouldBeEmpty();
    }

    [SkippableTheory]
    [InlineData("portal", "portal/sign-in")]
    [InlineData("realms/cdm/device", "device/sign-in")]
    public async Task Page_IsTheSame_ToTheLetter(string path, string form)
    {
        var pages = new List<string>();
        foreach (var (username, password) in new[] { (Unknown, "a guess"), (Known, "a guess"), (Disabled, TestApp.Password), (Invited, "a guess"), (WithSecondFactor, "a guess") })
        {
            using var browser = new Browser();
            var page = await browser.SubmitAsync(await browser.GetAsync(new Uri(_portal.Url, path)), form, ("username", username), ("password", password));
            page.Status.ShouldBe(HttpStatusCode.Forbidden);
            pages.Add(Comparable(page.Html));
        }

        pages.Distinct().ShouldHaveSingleItem().ShouldContain("Unknown name or wrong password.");
    }

    [SkippableFact]
    public async Task Page_OfALockedName_IsTheSame_ToTheLetter()
    {
        var pages = new List<string>();
        foreach (var username in new[] { Unknown, Known, Disabled })
        {
            using var browser = new Browser();
            for (var i = 0; i < 6; i++)
            {
                var page = await browser.SubmitAsync(await browser.GetAsync(_portal.Home), "sign-in", ("username", username), ("password", "a guess"));
                if (i == 5)
                {
                    page.Status.ShouldBe(HttpStatusCode.TooManyRequests);
                    pages.Add(Comparable(page.Html));
                }
            }
        }

        pages.Distinct().ShouldHaveSingleItem();
    }

    private LoginService Logins => _portal.App.Services.GetRequiredService<LoginService>();

    // Anti-forgery tokens and the passkey's challenge are new each time.
    private static string Comparable(string html) => Regex.Replace(html, "(value|data-options)=\"[^\"]*\"", "$1", RegexOptions.None, TimeSpan.FromSeconds(5));

    /// <summary>The platform's, counting.</summary>
    private sealed class Hasher : IPasswordHasher<object>
    {
        /// <summary>The iterations of each verification.</summary>
        public ConcurrentQueue<int> Work { get; } = new();

        public string HashPassword(object user, string password) => PasswordHashing.Hasher.HashPassword(user, password);

        public PasswordVerificationResult VerifyHashedPassword(object user, string hashedPassword, string providedPassword)
        {
            Work.Enqueue(BinaryPrimitives.ReadInt32BigEndian(Convert.FromBase64String(hashedPassword).AsSpan(5)));
            return PasswordHashing.Hasher.VerifyHashedPassword(user, hashedPassword, providedPassword);
        }
    }
}
