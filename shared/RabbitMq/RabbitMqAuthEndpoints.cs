using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.RabbitMq;

/// <summary>
/// RabbitMQ's HTTP authentication backend (rabbitmq_auth_backend_http): four questions, each a POST of a form, each answered with
/// <c>allow</c> or <c>deny</c>.
/// </summary>
public static class RabbitMqAuthEndpoints
{
    private const int LongestForm = 16 * 1024;

    /// <summary>Below the broker's own timeout, during which it processes nothing else for that connection.</summary>
    private static readonly RequestTimeoutPolicy Soon = new() { Timeout = TimeSpan.FromSeconds(2), TimeoutStatusCode = StatusCodes.Status503ServiceUnavailable };

    /// <param name="app">Needs an <see cref="IRabbitMqAuth"/> among its services.</param>
    /// <param name="brokerPolicy">Admits only the broker: the answers disclose which users exist.</param>
    public static void MapRabbitMqAuth(this IEndpointRouteBuilder app, string brokerPolicy)
    {
        var group = app.MapGroup("/mqtt/auth").RequireAuthorization(brokerPolicy);
        group.WithRequestTimeout(Soon);
        group.MapPost("/user", UserAsync);
        group.MapPost("/vhost", VhostAsync);
        group.MapPost("/resource", ResourceAsync);
        group.MapPost("/topic", TopicAsync);
    }

    private static async Task<ContentHttpResult> UserAsync(HttpContext context, IRabbitMqAuth auth, CancellationToken cancellationToken)
    {
        var form = await ReadAsync(context, cancellationToken);
        return Answer(await auth.MayLogInAsync(Text(form, "username"), form.ContainsKey("password"), cancellationToken));
    }

    private static async Task<ContentHttpResult> VhostAsync(HttpContext context, IRabbitMqAuth auth, CancellationToken cancellationToken)
    {
        var form = await ReadAsync(context, cancellationToken);
        var clientId = form.TryGetValue("client_id", out var given) ? given.ToString() : null;
        return Answer(await auth.MayEnterAsync(Text(form, "username"), Text(form, "vhost"), clientId, cancellationToken));
    }

    private static async Task<ContentHttpResult> ResourceAsync(HttpContext context, IRabbitMqAuth auth, CancellationToken cancellationToken)
    {
        var form = await ReadAsync(context, cancellationToken);
        return Answer(auth.MayUse(Text(form, "username"), Text(form, "vhost"), Text(form, "resource"), Text(form, "name"), Text(form, "permission")));
    }

    private static async Task<ContentHttpResult> TopicAsync(HttpContext context, IRabbitMqAuth auth, CancellationToken cancellationToken)
    {
        var form = await ReadAsync(context, cancellationToken);
        return Answer(auth.MayTopic(Text(form, "username"), Text(form, "vhost"), Text(form, "name"), Text(form, "permission"), Text(form, "routing_key")));
    }

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

/// <summary>The authorization requests of RabbitMQ. Names are RabbitMQ's own; every request can come at any time, in any order.</summary>
public interface IRabbitMqAuth
{
    /// <param name="username">Login.</param>
    /// <param name="withPassword">True for a login with a password; else the name is from a certificate verified by the broker.</param>
    /// <param name="cancellationToken">Ends the look-up.</param>
    ValueTask<bool> MayLogInAsync(string username, bool withPassword, CancellationToken cancellationToken);

    /// <param name="username">Login of the connection.</param>
    /// <param name="vhost">Where it wants to.</param>
    /// <param name="clientId">MQTT client id; null: another protocol.</param>
    /// <param name="cancellationToken">Ends the look-up.</param>
    ValueTask<bool> MayEnterAsync(string username, string vhost, string? clientId, CancellationToken cancellationToken);

    /// <param name="username">Login of the connection.</param>
    /// <param name="vhost">Of the connection.</param>
    /// <param name="resource"><c>queue</c> or <c>exchange</c>.</param>
    /// <param name="name">Of the queue or exchange.</param>
    /// <param name="permission"><c>configure</c>, <c>write</c> or <c>read</c>.</param>
    bool MayUse(string username, string vhost, string resource, string name, string permission);

    /// <param name="username">Login of the connection.</param>
    /// <param name="vhost">Of the connection.</param>
    /// <param name="exchange">Topic exchange.</param>
    /// <param name="permission"><c>write</c> or <c>read</c>.</param>
    /// <param name="routingKey">MQTT topic or filter with dots between its levels, and <c>*</c> for <c>+</c>.</param>
    bool MayTopic(string username, string vhost, string exchange, string permission, string routingKey);
}
