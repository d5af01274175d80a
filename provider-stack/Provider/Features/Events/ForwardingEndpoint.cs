using System.Collections.Concurrent;
using System.Text.Json;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Bridge;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace IoTPlatform.Provider.Features.Events;

/// <summary>Receives the events of a tenant's stack, authenticated by its bridge certificate.</summary>
internal static class ForwardingEndpoint
{
    public static void MapEventForwarding(this IEndpointRouteBuilder app) =>
        app.MapPost("/portal/admin/tenants/{tenantId}/events", ForwardAsync)
            .RequireAuthorization(ClientCertificateDefaults.BridgePolicy).WithMetadata(new RequestSizeLimitAttribute(ForwardedEvents.MaxBytes));

    /// <summary>204 once the bus has them all; after any other answer the tenant still has them, and sends them again.</summary>
    private static async Task<NoContent> ForwardAsync(string tenantId, HttpContext context, ForwardingLimiter limiter, EventForwarding forwarding, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        BridgeCaller.RequireTenant(context.User, tenantId);
        using var admitted = limiter.Admit(tenantId);
        await forwarding.RequireAdmittedAsync(tenantId, cancellationToken);
        // Not bound as a parameter: the body is read only after the caller is authorized.
        await forwarding.PublishAsync(tenantId, await ReadAsync(context.Request, cancellationToken), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<ForwardedEvents> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (!request.HasJsonContentType())
        {
            throw new ProblemException(StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type", "Send the events as application/json.");
        }

        try
        {
            return await request.ReadFromJsonAsync<ForwardedEvents>(cancellationToken) ?? throw new JsonException();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second: half a surrogate pair in a name, or an unknown charset.
            throw new ProblemException(StatusCodes.Status400BadRequest, "malformed_json", "The body is not the JSON expected here.", inner: e);
        }
    }
}

/// <summary>Bounds what one tenant's events can cost: one batch at a time, and so many a minute.</summary>
internal sealed class ForwardingLimiter(TimeProvider time)
{
    public const int BatchesPerMinute = 300;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private readonly RateLimiter _batches = new(time, BatchesPerMinute, TimeSpan.FromMinutes(1) / BatchesPerMinute);
    private readonly ConcurrentDictionary<string, Turn> _underWay = new(StringComparer.Ordinal);

    /// <summary>Until disposed, the tenant's other batches have to wait. Throws 429.</summary>
    public IDisposable Admit(string tenantId)
    {
        _batches.Reserve(tenantId);
        var turn = new Turn(_underWay, tenantId);
        return _underWay.TryAdd(tenantId, turn)
            ? turn
            : throw new ProblemException(StatusCodes.Status429TooManyRequests, "events_under_way", "Events of this tenant are being published. Send the next ones after them.", Soon);
    }

    private sealed class Turn(ConcurrentDictionary<string, Turn> underWay, string tenantId) : IDisposable
    {
        public void Dispose() => underWay.TryRemove(KeyValuePair.Create(tenantId, this));
    }
}
