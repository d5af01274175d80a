using System.CommandLine;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Identity;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class LoginCommand
{
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(5);

    public static Command Create() => Verb.Create(
        "login", "Log in at a provider in a browser, on this machine or another one, and stay logged in for eight hours.",
        ["iot login --url https://provider.example:9443 --fingerprint " + new string('0', 64), "iot login --profile staging --url https://staging.example:9443 --root root_ca.crt"],
        RunAsync, [.. ServerOptions.Trust, ServerOptions.Profile]);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var name = Profile.NameOf(run) ?? Profile.Default;
        var (url, trust) = await FindAsync(run, name, cancellationToken);
        using var tokens = TokenClient.Create(url, trust.Provider(time: run.Time));
        var device = await BeginAsync(tokens, url, cancellationToken);
        run.Terminal.Remarks.MarkupLineInterpolated($"open this page in a browser and log in:\n\n    {device.VerificationUriComplete ?? device.VerificationUri}\n\nit has to show this code: [bold]{device.UserCode}[/]");
        var issued = await WaitAsync(run, tokens, device, cancellationToken);
        Profile.Of(url, trust, issued, run.Time).Write(run, name);
        run.Terminal.Result(new { Profile = name, Url = url }, console => console.MarkupLineInterpolated($"[green]logged in at {url}[/]{(name == Profile.Default ? "" : $"; commands use it with --profile {name}")}"));
        return ExitCode.Ok;
    }

    /// <summary>Once more at the same provider needs no trust anew.</summary>
    private static async Task<(Uri Url, RootTrust Trust)> FindAsync(Run run, string name, CancellationToken cancellationToken) =>
        run.Get(ServerOptions.Root) is null && run.Get(ServerOptions.Fingerprint) is null && run.Get(ServerOptions.Data) is null && Profile.Read(run, name) is { } before
            && (run.Get(ServerOptions.Url) is not { } url || ServerAddress.Parse(url) == before.Url)
            ? (before.Url, before.Trust)
            : await Connect.FindAsync(run, ServerOptions.Provider, cancellationToken);

    private static async Task<DeviceAuthorization> BeginAsync(TokenClient tokens, Uri url, CancellationToken cancellationToken)
    {
        try
        {
            return await tokens.AuthorizeDeviceAsync(cancellationToken);
        }
        catch (ApiException e) when (e.Status == 404)
        {
            throw new CliException(ExitCode.NotFound, "no_issuer", $"{url} has no identity provider of its own: commands log in with --username and --password-file there", e);
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
    public static Command Create() => Verb.Create("logout", "End a log-in of 'iot login', here and at the provider.", ["iot logout", "iot logout --profile staging"], RunAsync, [ServerOptions.Profile]);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var name = Profile.NameOf(run) ?? Profile.Default;
        if (Profile.Read(run, name) is not { } profile)
        {
            throw new CliException(ExitCode.NotFound, "not_logged_in", $"there is no log-in {name}");
        }

        using var tokens = TokenClient.Create(profile.Url, profile.Trust.Provider(time: run.Time));
        try
        {
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
