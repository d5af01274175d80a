using System.Globalization;
using System.Security.Claims;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.EventWebhooks;
using IoTPlatform.CertificateAuthority.Outbound;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Events;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.CertificateAuthority;

/// <summary>HTTPS destinations that are told this stack's events.</summary>
public static class EventWebhookEndpoints
{
    private const string TestType = "webhook.test";

    /// <summary>After the stack's events and its authority.</summary>
    public static IServiceCollection AddEventWebhooks(this IServiceCollection services)
    {
        services.AddSingleton(provider => new EventWebhookStore(
            provider.GetRequiredService<NpgsqlDataSource>(), provider.GetRequiredService<EventReader>(), SecretCipher.Of(Module(provider).Folder), Module(provider).Options.Webhooks, Module(provider).Authority.Time));
        services.AddSingleton(provider =>
        {
            var (options, authority) = (Module(provider).Options, Module(provider).Authority);
            return new EventDelivery(new OutboundConnections(options.Webhooks, () => authority.Issuers, authority.Time), authority.Time);
        });
        return services.AddHostedService(provider => new EventDeliveries(
            provider.GetRequiredService<EventWebhookStore>(), provider.GetRequiredService<EventDelivery>(), provider.GetRequiredService<NpgsqlDataSource>(), Module(provider).Authority.Time,
            provider.GetRequiredService<ILogger<EventDeliveries>>()));
    }

    /// <summary>GET /portal/event-webhooks and …/{name}/dead-letters (Viewer); PUT and DELETE {name}, POST {name}/test and {name}/dead-letters/redeliver (Admin).</summary>
    public static void MapEventWebhooks(this IEndpointRouteBuilder app)
    {
        var webhooks = app.MapGroup("/portal/event-webhooks");
        webhooks.MapGet("", ListAsync).RequireAuthorization(Policies.Viewer);
        webhooks.MapPut("{name}", SaveAsync).RequireAuthorization(Policies.Admin);
        webhooks.MapDelete("{name}", RemoveAsync).RequireAuthorization(Policies.Admin);
        webhooks.MapPost("{name}/test", TestAsync).RequireAuthorization(Policies.Admin);
        webhooks.MapGet("{name}/dead-letters", DeadLettersAsync).RequireAuthorization(Policies.Viewer);
        webhooks.MapPost("{name}/dead-letters/redeliver", RedeliverAsync).RequireAuthorization(Policies.Admin);
    }

    private static async Task<Ok<EventWebhookList>> ListAsync(EventWebhookStore webhooks, ClaimsPrincipal user, IAuthorizationService authorization, CancellationToken cancellationToken)
    {
        var items = await webhooks.ListAsync(cancellationToken);
        return TypedResults.Ok(new EventWebhookList
        {
            Items = await IsAdminAsync(user, authorization) ? items : [.. items.Select(item => item with { Url = EventWebhook.DestinationOf(item.Url), LastError = null })],
        });
    }

    private static async Task<Ok<SavedEventWebhook>> SaveAsync(
        string name, SaveEventWebhookRequest request, EventWebhookStore webhooks, ClaimsPrincipal user, HttpContext context, CancellationToken cancellationToken)
    {
        var secret = await webhooks.SaveAsync(name, request.Url, request.Types ?? [], By(user), cancellationToken);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new SavedEventWebhook { Name = name, Secret = secret });
    }

    private static async Task<NoContent> RemoveAsync(string name, EventWebhookStore webhooks, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        await webhooks.RemoveAsync(name, By(user), cancellationToken);
        return TypedResults.NoContent();
    }

    /// <summary>One event that is none, at once, whatever waits.</summary>
    private static async Task<Ok<EventWebhookTest>> TestAsync(string name, EventWebhookStore webhooks, EventDelivery delivery, TimeProvider time, CancellationToken cancellationToken)
    {
        var webhook = await webhooks.RequireAsync(name, cancellationToken);
        var id = Guid.NewGuid();
        var body = new JsonObject { ["type"] = TestType, ["id"] = id.ToString(), ["occurred_at"] = time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture) };
        var outcome = await delivery.SendAsync(webhook, id, body.ToJsonString(), cancellationToken);
        return TypedResults.Ok(new EventWebhookTest { Delivered = outcome.Result == DeliveryResult.Delivered, Reason = outcome.Reason });
    }

    private static async Task<Ok<EventDeadLetterList>> DeadLettersAsync(string name, EventWebhookStore webhooks, ClaimsPrincipal user, IAuthorizationService authorization, CancellationToken cancellationToken)
    {
        var items = await webhooks.DeadLettersAsync(name, cancellationToken);
        return TypedResults.Ok(new EventDeadLetterList { Items = await IsAdminAsync(user, authorization) ? items : [.. items.Select(item => item with { Reason = null })] });
    }

    private static async Task<Ok<Redelivered>> RedeliverAsync(string name, RedeliverRequest request, EventWebhookStore webhooks, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        TypedResults.Ok(new Redelivered { Events = await webhooks.RedeliverAsync(name, request.EventId, By(user), cancellationToken) });

    /// <summary>Others see neither what may be a credential, path and query of an address, nor what errors say of this network.</summary>
    private static async Task<bool> IsAdminAsync(ClaimsPrincipal user, IAuthorizationService authorization) => (await authorization.AuthorizeAsync(user, Policies.Admin)).Succeeded;

    private static CertificateAuthorityModule Module(IServiceProvider provider) => provider.GetRequiredService<CertificateAuthorityModule>();

    private static string By(ClaimsPrincipal user) => user.Identity?.Name ?? "admin";
}
