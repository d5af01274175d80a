using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.Testing;

/// <summary>Compares a host's OpenAPI document with its endpoints.</summary>
public static partial class ApiDocumentCheck
{
    /// <summary>What is no JSON API of ours: pages and what belongs to them, the document itself, step-ca's API, which step-ca describes, ACME, and revocation, whose forms are RFCs'.</summary>
    public static IReadOnlyList<string> Undescribed { get; } =
    [
        "GET /", "GET /favicon.ico", "GET /portal", "GET /portal/signed-in", "GET /portal/link", "POST /portal/link", "GET /portal/portal.css", "GET /portal/passkey.js", "POST /portal/sign-in", "POST /portal/sign-out", "GET /portal/invitation", "POST /portal/invitation",
        "GET /portal/accounts", .. new[] { "add", "reset", "disable", "enable", "roles", "reset-factors" }.Select(path => $"POST /portal/accounts/{path}"),
        "GET /portal/account", .. new[] { "confirm", "password", "authenticator", "authenticator/add", "authenticator/remove", "passkeys", "passkeys/remove", "recovery-codes", "sessions/end" }.Select(path => $"POST /portal/account/{path}"),
        "GET /openapi/{documentName}.json",
        .. StepCa("GET", "health", "version", "roots", "roots.pem", "federation", "root/{fingerprint}", "provisioners", "provisioners/{kid}/encrypted-key"),
        .. StepCa("POST", "sign", "renew", "re-sign", "rekey", "revoke"),
        .. StepCaAdmin("provisioners", "GET", "POST"), .. StepCaAdmin("provisioners/{name}", "GET", "PUT", "DELETE"), .. StepCaAdmin("provisioners/{name}/policy", "GET", "POST", "PUT", "DELETE"),
        .. StepCaAdmin("provisioners/{name}/webhooks", "POST"), .. StepCaAdmin("provisioners/{name}/webhooks/{webhook}", "PUT", "DELETE"),
        .. StepCaAdmin("admins", "GET", "POST"), .. StepCaAdmin("admins/{id}", "GET", "PATCH", "DELETE"), .. StepCaAdmin("policy", "GET", "POST", "PUT", "DELETE"),
        .. StepCaAdmin("acme/eab/{name}", "GET", "POST"), .. StepCaAdmin("acme/eab/{name}/{id}", "GET", "DELETE"),
        .. new[] { "key/{key}", "reference/{reference}" }.SelectMany(key => StepCaAdmin($"acme/policy/{{name}}/{key}", "GET", "POST", "PUT", "DELETE")),
        .. new[] { "/crl", "/1.0/crl", "/crl/{issuer}.crl", "/crl/{issuer}/{shard}.crl", "/ca/{issuer}.crt" }.SelectMany(path => new[] { $"GET {path}", $"HEAD {path}" }),
        "POST /ocsp", "GET /ocsp/{request}", "GET /portal/certificates/export",
        .. new[] { "/acme/{provisioner}", "/2.0/acme/{provisioner}" }.SelectMany(server => new[]
        {
            "GET {0}/directory", "HEAD {0}/new-nonce", "GET {0}/new-nonce", "POST {0}/new-account", "POST {0}/account/{id}", "POST {0}/account/{id}/orders", "POST {0}/key-change",
            "POST {0}/new-order", "POST {0}/order/{id}", "POST {0}/order/{id}/finalize", "POST {0}/certificate/{id}", "POST {0}/authz/{id}", "POST {0}/challenge/{id}/{challenge}",
            "POST {0}/revoke-cert", "GET {0}/renewal-info/{id}",
        }.Select(operation => operation.Replace("{0}", server, StringComparison.Ordinal))),
    ];

    /// <summary>Pages of the portal, their files and their connection.</summary>
    public static bool IsOfPages(string operation) =>
        new[] { "/portal/ui", "/portal/assets/", "/_blazor", "/_framework/" }.Any(path => operation[(operation.IndexOf(' ', StringComparison.Ordinal) + 1)..].StartsWith(path, StringComparison.Ordinal));

    /// <summary>"GET /path" of every endpoint, without the constraints of its parameters.</summary>
    /// <param name="endpoints">All of them.</param>
    /// <param name="described">Those that do not exclude themselves from descriptions; false: the others.</param>
    public static IReadOnlyList<string> Operations(IEnumerable<RouteEndpoint> endpoints, bool described) =>
    [
        .. endpoints.Where(e => (e.Metadata.GetMetadata<IExcludeFromDescriptionMetadata>() is not { ExcludeFromDescription: true }) == described)
            .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["*"]).Select(method => $"{method} {Path(e.RoutePattern.RawText!)}")).Distinct(),
    ];

    /// <summary>The same, from the document.</summary>
    public static IReadOnlyList<string> Operations(JsonElement document) =>
    [
        .. document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Where(member => member.Name != "parameters").Select(method => $"{method.Name.ToUpperInvariant()} {path.Name}")),
    ];

    /// <summary>Each is there twice, and answers 405 to every other method.</summary>
    private static IEnumerable<string> StepCa(string method, params string[] paths) =>
        paths.SelectMany(path => new[] { $"/{path}", $"/1.0/{path}" }).SelectMany(path => new[] { $"{method} {path}", $"* {path}" });

    private static IEnumerable<string> StepCaAdmin(string path, params string[] methods) => methods.Append("*").Select(method => $"{method} /admin/{path}");

    private static string Path(string pattern) => "/" + Constraint().Replace(pattern, "{$1}").Trim('/');

    [GeneratedRegex(@"\{\**([A-Za-z_]+)[^}]*\}", RegexOptions.None, Timeout.Infinite)]
    private static partial Regex Constraint();
}
