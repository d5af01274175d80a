using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.Jose;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace IoTPlatform.Testing;

/// <summary>The logins of an <see cref="OidcServer"/>: codes, the token endpoint behind them, and whatever a test wants in the tokens.</summary>
public sealed class OidcLogins(OidcServer server, TimeProvider time)
{
    public const string ClientId = "iot-portal";
    public const string ClientSecret = "the portal's secret";
    private readonly ConcurrentDictionary<string, Grant> _codes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _refreshTokens = new(StringComparer.Ordinal);
    private int _redeemed;
    private int _refreshed;

    /// <summary>Changes the ID tokens made from now on.</summary>
    public Action<JsonObject>? IdToken { get; set; }

    /// <summary>Changes the access tokens made from now on.</summary>
    public Action<JsonObject>? AccessToken { get; set; }

    /// <summary>Last word on the token endpoint's answer.</summary>
    public Action<JsonObject>? Answer { get; set; }

    /// <summary>In place of the token endpoint; null: it works.</summary>
    public RequestDelegate? Endpoint { get; set; }

    /// <summary>Key of the ID tokens; null: the issuer's first.</summary>
    public ISignatureKey? IdTokenKey { get; set; }

    /// <summary>"typ" of the ID tokens' header.</summary>
    public string IdTokenType { get; set; } = "JWT";

    /// <summary>Requests at the token endpoint with a code.</summary>
    public int Redeemed => _redeemed;

    /// <summary>Requests at the token endpoint with a refresh token.</summary>
    public int Refreshed => _refreshed;

    /// <summary>Signs a user in: the code for that authorization request, bound to it as OpenID Connect and PKCE want it.</summary>
    public string Code(Uri authorization)
    {
        var query = QueryHelpers.ParseQuery(authorization.Query);
        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        _codes[code] = new Grant(query["redirect_uri"]!, query["code_challenge"]!, query["nonce"]!);
        return code;
    }

    /// <summary>Where the browser is sent back to with it.</summary>
    public Uri Answered(Uri authorization, string? code = null)
    {
        var query = QueryHelpers.ParseQuery(authorization.Query);
        return new Uri(QueryHelpers.AddQueryString(query["redirect_uri"]!, new Dictionary<string, string?> { ["state"] = query["state"], ["code"] = code ?? Code(authorization), ["iss"] = server.Issuer }));
    }

    /// <summary>As it was when it was new.</summary>
    public void Reset()
    {
        (IdToken, AccessToken, Answer, Endpoint, IdTokenKey, IdTokenType) = (null, null, null, null, null, "JWT");
        (_redeemed, _refreshed) = (0, 0);
    }

    /// <summary>The session has ended, or the user has been disabled.</summary>
    public void EndSessions() => _refreshTokens.Clear();

    public async Task TokenAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        var refreshes = form["grant_type"] == "refresh_token";
        Interlocked.Increment(ref refreshes ? ref _refreshed : ref _redeemed);
        if (Endpoint is { } endpoint)
        {
            await endpoint(context);
            return;
        }

        var basic = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{ClientId}:{Uri.EscapeDataString(ClientSecret)}"));
        if (context.Request.Headers.Authorization != basic)
        {
            await RefuseAsync(context, "invalid_client");
            return;
        }

        if (refreshes)
        {
            await (_refreshTokens.TryRemove(form["refresh_token"].ToString(), out _) ? AnswerAsync(context, nonce: null) : RefuseAsync(context, "invalid_grant"));
            return;
        }

        var challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString())));
        await (_codes.TryRemove(form["code"].ToString(), out var grant) && grant.RedirectUri == form["redirect_uri"] && grant.Challenge == challenge
            ? AnswerAsync(context, grant.Nonce)
            : RefuseAsync(context, "invalid_grant"));
    }

    private Task AnswerAsync(HttpContext context, string? nonce)
    {
        var access = server.Token(AccessToken);
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var claims = new JsonObject
        {
            ["iss"] = server.Issuer,
            ["aud"] = ClientId,
            ["azp"] = ClientId,
            ["sub"] = (string)server.Claims()["sub"]!,
            ["typ"] = "ID",
            ["iat"] = now,
            ["exp"] = now + 300,
            ["nonce"] = nonce,
        };
        IdToken?.Invoke(claims);
        var refresh = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        _refreshTokens[refresh] = refresh;
        var answer = new JsonObject { ["access_token"] = access, ["token_type"] = "Bearer", ["id_token"] = Jwt.Sign(claims, IdTokenKey ?? server.Keys[0], IdTokenType), ["refresh_token"] = refresh };
        Answer?.Invoke(answer);
        return context.Response.WriteAsync(answer.ToJsonString());
    }

    private static Task RefuseAsync(HttpContext context, string error)
    {
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        return context.Response.WriteAsync(new JsonObject { ["error"] = error }.ToJsonString());
    }

    private sealed record Grant(string RedirectUri, string Challenge, string Nonce);
}
