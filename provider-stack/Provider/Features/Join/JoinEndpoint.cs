using IoTPlatform.Contracts.Join;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Features.Rotation;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace IoTPlatform.Provider.Features.Join;

internal static class JoinEndpoint
{
    public const string KeyHeader = "X-Join-Key";

    /// <summary>Anonymous for the router: the handler authenticates by the JOIN key.</summary>
    public static void MapJoin(this IEndpointRouteBuilder app) => app.MapPost("/portal/admin/join", JoinAsync).AllowAnonymous();

    private static async Task<Ok<JoinBundle>> JoinAsync(
        [FromHeader(Name = KeyHeader)] string? joinKey, JoinRequest request, HttpContext context,
        JoinKeyAuthenticator authenticator, JoinBinder binder, WorkflowClient workflows, JoinBundles bundles, SubCaKeys subCaKeys, ProviderOptions options, CancellationToken cancellationToken)
    {
        var caller = ClientAddress.Of(context);
        var key = await authenticator.AdmitAsync(joinKey, caller, cancellationToken);
        context.Know("tenant " + key.TenantId);
        var submission = JoinSubmission.Decode(request, key.TenantId, options.PlatformDomain);
        await subCaKeys.ThrowIfRevokedAsync(submission.SubCa, cancellationToken);
        await binder.BindKeyAsync(key, submission, caller, cancellationToken);
        await workflows.AdvanceAsync(key.TenantId, cancellationToken);
        return TypedResults.Ok(await bundles.RequireAsync(key.TenantId, submission.SubCa.SubjectPublicKeyInfoSha256, cancellationToken));
    }
}

/// <summary>The optional fields of a JOIN request.</summary>
internal static class JoinFields
{
    private const int LongestUrl = 512;
    private const int WireGuardKeyBytes = 32;

    /// <summary>Base64 of exactly 32 bytes, as <c>wg pubkey</c> prints it.</summary>
    public static string? WireGuardKey(string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            return null;
        }

        Span<byte> key = stackalloc byte[WireGuardKeyBytes + 1];
        return value.Length == 44 && Convert.TryFromBase64String(value, key, out var written) && written == WireGuardKeyBytes
            ? value
            : throw Invalid("wg_pubkey must be the base64 of a 32-byte Curve25519 public key.");
    }

    public static string? KeycloakUrl(string? value) => CallbackBase("keycloak_url", value);

    public static string? PortalUrl(string? value) => CallbackBase("portal_url", value);

    // It becomes part of an exact redirect URI, so nothing may hide in it.
    private static string? CallbackBase(string field, string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            return null;
        }

        return value.Length <= LongestUrl
            && Uri.TryCreate(value, UriKind.Absolute, out var url)
            && url is { UserInfo.Length: 0, Query.Length: 0, Fragment.Length: 0, Host.Length: > 0 }
            && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))
            && !value.Contains('*', StringComparison.Ordinal)
            ? url.AbsoluteUri.TrimEnd('/')
            : throw Invalid($"{field} must be an https URL (http on loopback only) without credentials, query, fragment or wildcard.");
    }

    private static ProblemException Invalid(string detail) => new(StatusCodes.Status400BadRequest, "invalid_request", detail);
}

/// <summary>A tenant stack's request to join, decoded and validated: both CSRs prove possession of their keys.</summary>
internal sealed record JoinSubmission
{
    public required CertificateSigningRequest SubCa { get; init; }
    public required CertificateSigningRequest Bridge { get; init; }
    public string? WgPubkey { get; init; }
    public string? KeycloakUrl { get; init; }
    public string? PortalUrl { get; init; }

    /// <summary>Throws 400 with the code of what is wrong.</summary>
    public static JoinSubmission Decode(JoinRequest request, string tenantId, string platformDomain)
    {
        var subCa = TenantRequests.SubCa(request.SubCaCsr, tenantId);
        var bridge = TenantRequests.Bridge(request.MqttBridgeCsr, tenantId, platformDomain);
        TenantRequests.RequireDifferentKeys(subCa, bridge);
        return new JoinSubmission
        {
            SubCa = subCa,
            Bridge = bridge,
            WgPubkey = JoinFields.WireGuardKey(request.WgPubkey),
            KeycloakUrl = JoinFields.KeycloakUrl(request.KeycloakUrl),
            PortalUrl = JoinFields.PortalUrl(request.PortalUrl),
        };
    }
}
