using System.CommandLine;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Pki;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class LoginCommand
{
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(5);
    private static readonly Option<bool> ByCode = new("--code") { Description = "Show an address and a code for a browser anywhere, also where this machine has a browser." };

    public static Command Create() => Verb.Create(
        "login", "Log in at a provider or a tenant in a browser, on this machine or another one, and stay logged in for eight hours.",
        ["iot login --url https://provider.example:9443 --fingerprint " + new string('0', 64), "iot login --profile staging --url https://staging.example:9443 --root root_ca.crt",
            "iot login --tenant --url https://acme.example:9543 --trust-domain acme.iotplatform.internal --root root_ca.crt"],
        RunAsync, [EitherOptions.Tenant, ByCode, .. ServerOptions.Trust, ServerOptions.Profile]);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var options = EitherOptions.Of(run);
        var name = Profile.NameOf(run) ?? Profile.DefaultOf(options);
        var (url, trust, domain, server, rootList) = await FindAsync(run, options, name, cancellationToken);
        using var tokens = TokenClient.Create(url, server);
        var issued = run.Get(ByCode) || BrowserLogin.ProgramOf(run) is not { } browser
            ? await ByCodeAsync(run, tokens, url, cancellationToken)
            : await BrowserLogin.RunAsync(run, tokens, url, browser, cancellationToken);
        var profile = Profile.Of(url, trust, domain, issued, run.Time);
        profile.RootList = rootList;
        profile.Write(run, name);
        await profile.LearnRootListAsync(server, cancellationToken);
        profile.Write(run, name);
        // Said, because a browser's answer that another user of the machine slipped in would be another's log-in.
        var user = UserOf(issued.AccessToken);
        run.Terminal.Result(new { Profile = name, Url = url, User = user }, console => console.MarkupLineInterpolated($"[green]logged in at {url}{(user is null ? "" : $" as {user}")}[/]{(name == Profile.DefaultOf(options) ? "" : $"; commands use it with --profile {name}")}"));
        return ExitCode.Ok;
    }

    /// <summary>As the token says, unchecked: only to be shown. Null: it says nothing that is plainly a name.</summary>
    private static string? UserOf(string accessToken)
    {
        try
        {
            return new JsonWebTokenHandler().CanReadToken(accessToken) && new JsonWebToken(accessToken).TryGetPayloadValue<string>("preferred_username", out var name)
                && name is { Length: > 0 } && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '@') ? name : null;
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException)
        {
            return null;
        }
    }

    /// <summary>Once more at the same server needs no trust anew.</summary>
    private static async Task<(Uri Url, RootTrust Trust, string? TrustDomain, ServerVerifier Server, string? RootList)> FindAsync(Run run, ServerOptions options, string name, CancellationToken cancellationToken)
    {
        var saysWhom = run.Get(ServerOptions.Root) is not null || run.Get(ServerOptions.Fingerprint) is not null || run.Get(ServerOptions.Data) is not null || run.Get(ServerOptions.TrustDomain) is not null;
        if (!saysWhom && Profile.Read(run, name) is { } before && (before.TrustDomain is not null) == (options.Stack == Stack.Tenant)
            && (run.Get(ServerOptions.Url) is not { } text || ServerAddress.Parse(text) == before.Url))
        {
            return (before.Url, before.Trust, before.TrustDomain, await before.ServerAsync(run, cancellationToken), before.RootList);
        }

        var (url, trust) = await Connect.FindAsync(run, options, cancellationToken);
        return (url, trust, options.Stack == Stack.Tenant ? TenantServer.TrustDomain(run, url) : null, await Connect.ServerAsync(run, options, url, trust, cancellationToken), null);
    }

    private static async Task<IssuedTokens> ByCodeAsync(Run run, TokenClient tokens, Uri url, CancellationToken cancellationToken)
    {
        var device = await BeginAsync(tokens, url, cancellationToken);
        run.Terminal.Remarks.MarkupLineInterpolated($"open this page in a browser and log in:\n\n    {device.VerificationUriComplete ?? device.VerificationUri}\n\nit has to show this code: [bold]{device.UserCode}[/]");
        return await WaitAsync(run, tokens, device, cancellationToken);
    }

    /// <summary>What an older server answers, or another one.</summary>
    internal static CliException NoIssuer(Uri url, Exception inner) =>
        new(ExitCode.NotFound, "no_issuer", $"there is no identity provider of the platform's at {url}. Check --url", inner);

    private static async Task<DeviceAuthorization> BeginAsync(TokenClient tokens, Uri url, CancellationToken cancellationToken)
    {
        try
        {
            return await tokens.AuthorizeDeviceAsync(cancellationToken);
        }
        catch (ApiException e) when (e.Status == 404)
        {
            throw NoIssuer(url, e);
        }
    }

    /// <summary>RFC 8628 section 3.5.</summary>
    private static async Task<IssuedTokens> WaitAsync(Run run, TokenClient tokens, DeviceAuthorization device, CancellationToken cancellationToken)
    {
        var interval = device.Interval is { } seconds ? TimeSpan.FromSeconds(Math.Clamp(seconds, 1, 60)) : Usual;
        var end = run.Time.GetUtcNow().AddSeconds(device.ExpiresIn);
        while (run.Time.GetUtcNow() < end)
        {
            await Task.Delay(interval, run.Time, cancellationToken);
            try
            {
                return await tokens.RedeemDeviceAsync(device.DeviceCode, cancellationToken);
            }
            catch (ApiException e) when (e.Code == "authorization_pending")
            {
            }
            catch (ApiException e) when (e.Code == "slow_down" || e.Status == 429)
            {
                interval += Usual;
            }
            catch (UnreachableException e) when (e.Reason is UnreachableReason.Connection or UnreachableReason.TimedOut)
            {
                interval += Usual;
            }
            catch (ApiException e) when (e.Code == "access_denied")
            {
                throw new CliException(ExitCode.NotAuthorised, e.Code, "it was refused in the browser", e);
            }
            catch (ApiException e) when (e.Code == "expired_token")
            {
                break;
            }
        }

        throw CliException.Failed("expired_token", "the code's time is over: iot login makes another one");
    }
}

internal static class LogoutCommand
{
    public static Command Create() => Verb.Create("logout", "End a log-in of 'iot login', here and at the server.", ["iot logout", "iot logout --tenant", "iot logout --profile staging"], RunAsync, [EitherOptions.Tenant, ServerOptions.Profile]);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var name = Profile.NameOf(run) ?? Profile.DefaultOf(EitherOptions.Of(run));
        if (Profile.Read(run, name) is not { } profile)
        {
            throw new CliException(ExitCode.NotFound, "not_logged_in", $"there is no log-in {name}");
        }

        try
        {
            using var tokens = TokenClient.Create(profile.Url, await profile.ServerAsync(run, cancellationToken));
            await tokens.RevokeAsync(profile.RefreshToken, cancellationToken);
        }
        finally
        {
            profile.Delete(run);
        }

        run.Terminal.Result(new { Profile = name, profile.Url }, console => console.MarkupLineInterpolated($"logged out at {profile.Url}"));
        return ExitCode.Ok;
    }
}
