using IoTPlatform.CertificateAuthority;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Startup;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace IoTPlatform.Provider.Features.Messaging.RabbitMq.Auth;

/// <summary>
/// RabbitMQ's HTTP authentication backend: four questions, each answered with <c>allow</c> or <c>deny</c>. Only the broker itself may
/// ask, with its own certificate: the answers tell who is a tenant.
/// </summary>
internal static class BrokerAuthEndpoints
{
    private const int LongestForm = 16 * 1024;

    public static void MapBrokerAuth(this IEndpointRouteBuilder app, ProviderOptions options)
    {
        var group = app.MapGroup("/mqtt/auth").RequireAuthorization(BrokerOnly(options));
        group.MapPost("/user", UserAsync);
        group.MapPost("/vhost", VhostAsync);
        group.MapPost("/resource", ResourceAsync);
        group.MapPost("/topic", TopicAsync);
    }

    /// <summary>Asked after the certificate has been verified by the broker. No allows somebody in: it only says whose rules count.</summary>
    private static async Task<ContentHttpResult> UserAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var form = await ReadAsync(context, cancellationToken);
        return Answer(BridgeDecisions.IsBridge(Text(form, "username")));
    }

    private static async Task<ContentHttpResult> VhostAsync(HttpContext context, BridgeDecisions decisions, CancellationToken cancellationToken)
    {
        var form = await ReadAsync(context, cancellationToken);
        var clientId = form.TryGetValue("client_id", out var given) ? given.ToString() : null;
        return Answer(await decisions.MayEnterAsync(Text(form, "username"), Text(form, "vhost"), clientId, cancellationToken));
    }

    private static async Task<ContentHttpResult> ResourceAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var form = await ReadAsync(context, cancellationToken);
        return Answer(BridgeDecisions.MayUse(Text(form, "username"), Text(form, "vhost"), Text(form, "name"), Text(form, "permission")));
    }

    private static async Task<ContentHttpResult> TopicAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var form = await ReadAsync(context, cancellationToken);
        return Answer(BridgeDecisions.MayTopic(Text(form, "username"), Text(form, "vhost"), Text(form, "name"), Text(form, "permission"), Text(form, "routing_key")));
    }

    private static AuthorizationPolicy BrokerOnly(ProviderOptions options) => new AuthorizationPolicyBuilder(ClientCertificateDefaults.Scheme)
        .RequireClaim(ClientCertificateDefaults.ProfileClaim, Profiles.Service.Name)
        .RequireClaim(ClientCertificateDefaults.SpiffeIdClaim, SpiffeId.ProviderService(options.PlatformDomain, BrokerCertificate.Service))
        .Build();

    private static async Task<IFormCollection> ReadAsync(HttpContext context, CancellationToken cancellationToken)
    {
        context.Features.Set<IFormFeature>(new FormFeature(context.Request, new FormOptions { BufferBodyLengthLimit = LongestForm, ValueCountLimit = 64, ValueLengthLimit = 4096, KeyLengthLimit = 256 }));
        return context.Request.HasFormContentType
            ? await context.Request.ReadFormAsync(cancellationToken)
            : throw new BadHttpRequestException("no form", StatusCodes.Status415UnsupportedMediaType);
    }

    private static string Text(IFormCollection form, string name) => form.TryGetValue(name, out var value) && value.Count == 1 ? value.ToString() : "";

    private static ContentHttpResult Answer(bool allowed) => TypedResults.Text(allowed ? "allow" : "deny");
}
