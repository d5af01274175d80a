using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.LocalServices;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>A log-in in a browser on this machine, which comes back to a port of the loopback address (RFC 8252), with state, PKCE (RFC 7636) and the issuer's name (RFC 9207).</summary>
internal static class BrowserLogin
{
    private const int RandomBytes = 32;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly byte[] Done = """
        <!doctype html><html lang="en"><meta charset="utf-8"><title>Done</title><h1>Go back to the terminal</h1><p>You may close this page.</p></html>
        """u8.ToArray();

    /// <summary>What opens a page: BROWSER, else the desktop's program. Null: there is no desktop here, or the terminal is a remote one.</summary>
    public static string? ProgramOf(Run run) => run.Env("BROWSER")
        ?? (run.Env("SSH_CONNECTION") is not null ? null
            : OperatingSystem.IsMacOS() ? "open"
            : (run.Env("DISPLAY") ?? run.Env("WAYLAND_DISPLAY")) is not null ? OnPath(run, "xdg-open")
            : null);

    public static async Task<IssuedTokens> RunAsync(Run run, TokenClient tokens, Uri url, string browser, CancellationToken cancellationToken)
    {
        var issuer = await DiscoverAsync(tokens, url, cancellationToken);
        var redirectUri = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort.Next()}/");
        using var listener = new HttpListener { Prefixes = { redirectUri } };
        listener.Start();
        var (state, verifier) = (Random(), Random());
        var page = PageOf(issuer, redirectUri, state, verifier);
        run.Terminal.Remarks.MarkupLineInterpolated($"log in in the browser, at:\n\n    {page}\n\n(on another machine: iot login --code)");
        Open(browser, page);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            var code = await AnswerAsync(listener, issuer.Issuer, state, patience.Token);
            return await tokens.RedeemCodeAsync(code, verifier, redirectUri, cancellationToken);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CliException(ExitCode.Failed, "expired_token", "the browser did not come back within five minutes: iot login, or iot login --code", e);
        }
    }

    private static async Task<IssuerDocument> DiscoverAsync(TokenClient tokens, Uri url, CancellationToken cancellationToken)
    {
        try
        {
            return await tokens.DiscoverAsync(cancellationToken);
        }
        catch (ApiException e) when (e.Status == 404)
        {
            throw LoginCommand.NoIssuer(url, e);
        }
    }

    private static Uri PageOf(IssuerDocument issuer, string redirectUri, string state, string verifier)
    {
        var challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
        var query = string.Join('&', new (string Name, string Value)[]
        {
            ("client_id", TokenClient.CommandLine), ("response_type", "code"), ("scope", TokenClient.Scope), ("redirect_uri", redirectUri),
            ("state", state), ("code_challenge", challenge), ("code_challenge_method", "S256"),
        }.Select(parameter => $"{parameter.Name}={Uri.EscapeDataString(parameter.Value)}"));
        return Uri.TryCreate(issuer.AuthorizationEndpoint, UriKind.Absolute, out var endpoint) && endpoint.Scheme == Uri.UriSchemeHttps
            ? new Uri($"{endpoint}?{query}")
            : throw CliException.Failed("no_issuer", "the server names no page to log in at");
    }

    // Any program and any page can call the port: what is not this log-in's answer is answered and forgotten.
    private static async Task<string> AnswerAsync(HttpListener listener, string issuer, string state, CancellationToken cancellationToken)
    {
        while (true)
        {
            var context = await listener.GetContextAsync().WaitAsync(cancellationToken);
            var query = context.Request.QueryString;
            var isOurs = context.Request.Url?.AbsolutePath == "/" && query["state"] is { } given && query["iss"] == issuer
                && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(state));
            await RespondAsync(context.Response, isOurs);
            if (isOurs)
            {
                return query["code"] ?? throw new CliException(ExitCode.NotAuthorised, query["error"] ?? "access_denied", "it was refused in the browser");
            }
        }
    }

    private static async Task RespondAsync(HttpListenerResponse response, bool isOurs)
    {
        try
        {
            using (response)
            {
                response.StatusCode = isOurs ? (int)HttpStatusCode.OK : (int)HttpStatusCode.NotFound;
                response.ContentType = "text/html; charset=utf-8";
                response.Headers["Content-Security-Policy"] = "default-src 'none'";
                response.Headers["Referrer-Policy"] = "no-referrer";
                response.Headers["Cache-Control"] = "no-store";
                await response.OutputStream.WriteAsync(isOurs ? Done : []);
            }
        }
        catch (Exception e) when (e is HttpListenerException or IOException)
        {
            // The browser has what it needs, or has gone.
        }
    }

    private static void Open(string browser, Uri page)
    {
        try
        {
            // What it writes goes nowhere, and not into a pipe of this process, which ends before it.
            using var started = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" \"$1\" </dev/null >/dev/null 2>&1", browser, page.AbsoluteUri]) { UseShellExecute = false });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // The page is on the terminal, too.
        }
    }

    private static string Random() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));

    private static string? OnPath(Run run, string program) =>
        run.Env("PATH")?.Split(':').Any(folder => File.Exists(Path.Combine(folder, program))) == true ? program : null;
}
