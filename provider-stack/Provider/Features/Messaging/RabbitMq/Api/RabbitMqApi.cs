using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

/// <summary>
/// RabbitMQ's management API (3.10 to 4.x), as far as the platform needs it. No policy in it. A read returns null, or nothing, for what
/// isn't there; Ensure and Remove may be called again. Failures are those of <see cref="RabbitMqFailure"/>.
/// </summary>
internal sealed class RabbitMqApi(HttpClient http) : IDisposable
{
    private const string Mapping = "global-parameters/mqtt_default_vhosts";

    public Task<VhostInfo?> FindVhostAsync(string vhost, CancellationToken cancellationToken) =>
        GetAsync($"vhosts/{Escape(vhost)}", RabbitMqJson.Default.VhostInfo, cancellationToken);

    public Task EnsureVhostAsync(string vhost, VhostOrder order, CancellationToken cancellationToken) =>
        PutAsync($"vhosts/{Escape(vhost)}", order, RabbitMqJson.Default.VhostOrder, cancellationToken);

    /// <summary>With everything in it; its connections are closed.</summary>
    public Task RemoveVhostAsync(string vhost, CancellationToken cancellationToken) => DeleteAsync($"vhosts/{Escape(vhost)}", cancellationToken);

    public Task<UserInfo?> FindUserAsync(string user, CancellationToken cancellationToken) =>
        GetAsync($"users/{Escape(user)}", RabbitMqJson.Default.UserInfo, cancellationToken);

    public Task EnsureUserAsync(string user, UserOrder order, CancellationToken cancellationToken) =>
        PutAsync($"users/{Escape(user)}", order, RabbitMqJson.Default.UserOrder, cancellationToken);

    /// <summary>With its permissions and limits.</summary>
    public Task RemoveUserAsync(string user, CancellationToken cancellationToken) => DeleteAsync($"users/{Escape(user)}", cancellationToken);

    public Task<PermissionInfo[]> PermissionsOfVhostAsync(string vhost, CancellationToken cancellationToken) =>
        ListAsync($"vhosts/{Escape(vhost)}/permissions", RabbitMqJson.Default.PermissionInfoArray, cancellationToken);

    public Task<PermissionInfo[]> PermissionsOfUserAsync(string user, CancellationToken cancellationToken) =>
        ListAsync($"users/{Escape(user)}/permissions", RabbitMqJson.Default.PermissionInfoArray, cancellationToken);

    public Task EnsurePermissionAsync(string vhost, string user, PermissionOrder order, CancellationToken cancellationToken) =>
        PutAsync($"permissions/{Escape(vhost)}/{Escape(user)}", order, RabbitMqJson.Default.PermissionOrder, cancellationToken);

    public Task RemovePermissionAsync(string vhost, string user, CancellationToken cancellationToken) =>
        DeleteAsync($"permissions/{Escape(vhost)}/{Escape(user)}", cancellationToken);

    public Task<TopicPermissionInfo[]> TopicPermissionsAsync(string vhost, string user, CancellationToken cancellationToken) =>
        ListAsync($"topic-permissions/{Escape(vhost)}/{Escape(user)}", RabbitMqJson.Default.TopicPermissionInfoArray, cancellationToken);

    public Task EnsureTopicPermissionAsync(string vhost, string user, TopicPermissionOrder order, CancellationToken cancellationToken) =>
        PutAsync($"topic-permissions/{Escape(vhost)}/{Escape(user)}", order, RabbitMqJson.Default.TopicPermissionOrder, cancellationToken);

    public Task<Dictionary<string, int>> VhostLimitsAsync(string vhost, CancellationToken cancellationToken) => LimitsAsync($"vhost-limits/{Escape(vhost)}", cancellationToken);

    public Task EnsureVhostLimitAsync(string vhost, string name, int value, CancellationToken cancellationToken) =>
        PutAsync($"vhost-limits/{Escape(vhost)}/{name}", new LimitOrder(value), RabbitMqJson.Default.LimitOrder, cancellationToken);

    public Task<Dictionary<string, int>> UserLimitsAsync(string user, CancellationToken cancellationToken) => LimitsAsync($"user-limits/{Escape(user)}", cancellationToken);

    public Task EnsureUserLimitAsync(string user, string name, int value, CancellationToken cancellationToken) =>
        PutAsync($"user-limits/{Escape(user)}/{name}", new LimitOrder(value), RabbitMqJson.Default.LimitOrder, cancellationToken);

    public Task<PolicyInfo?> FindPolicyAsync(string vhost, string name, CancellationToken cancellationToken) =>
        GetAsync($"policies/{Escape(vhost)}/{Escape(name)}", RabbitMqJson.Default.PolicyInfo, cancellationToken);

    public Task EnsurePolicyAsync(string vhost, string name, PolicyInfo policy, CancellationToken cancellationToken) =>
        PutAsync($"policies/{Escape(vhost)}/{Escape(name)}", policy, RabbitMqJson.Default.PolicyInfo, cancellationToken);

    public Task<QueueInfo?> FindQueueAsync(string vhost, string queue, CancellationToken cancellationToken) =>
        GetAsync($"queues/{Escape(vhost)}/{Escape(queue)}?columns=name,durable", RabbitMqJson.Default.QueueInfo, cancellationToken);

    /// <summary>Durable, without arguments: those of an existing queue can't be changed, a policy's can.</summary>
    public Task EnsureQueueAsync(string vhost, string queue, CancellationToken cancellationToken) =>
        PutAsync($"queues/{Escape(vhost)}/{Escape(queue)}", new QueueOrder(Durable: true, AutoDelete: false), RabbitMqJson.Default.QueueOrder, cancellationToken);

    /// <summary>Durable; everything that is published to it goes to every queue bound to it.</summary>
    public Task EnsureFanoutAsync(string vhost, string exchange, CancellationToken cancellationToken) =>
        PutAsync($"exchanges/{Escape(vhost)}/{Escape(exchange)}", new ExchangeOrder("fanout", Durable: true), RabbitMqJson.Default.ExchangeOrder, cancellationToken);

    public Task<BindingInfo[]> BindingsAsync(string vhost, string exchange, string queue, CancellationToken cancellationToken) =>
        ListAsync($"bindings/{Escape(vhost)}/e/{Escape(exchange)}/q/{Escape(queue)}", RabbitMqJson.Default.BindingInfoArray, cancellationToken);

    public async Task EnsureBindingAsync(string vhost, string exchange, string queue, string routingKey, CancellationToken cancellationToken) =>
        await SendAsync(
            HttpMethod.Post, $"bindings/{Escape(vhost)}/e/{Escape(exchange)}/q/{Escape(queue)}",
            Json(new BindingOrder(routingKey), RabbitMqJson.Default.BindingOrder), cancellationToken);

    /// <summary>Which vHost each certificate login ends up in. One parameter for all tenants: change it under <see cref="VhostMapping"/>'s lock only.</summary>
    public async Task<Dictionary<string, string>> ReadMappingAsync(CancellationToken cancellationToken)
    {
        var parameter = await GetAsync(Mapping, RabbitMqJson.Default.MappingParameter, cancellationToken);
        try
        {
            return parameter?.Entries ?? [];
        }
        catch (JsonException e)
        {
            throw RabbitMqFailure.Of(e);
        }
    }

    public Task WriteMappingAsync(Dictionary<string, string> mapping, CancellationToken cancellationToken) =>
        PutAsync(Mapping, MappingParameter.Of(mapping), RabbitMqJson.Default.MappingParameter, cancellationToken);

    /// <summary>Closes every live connection of the user, on all protocols.</summary>
    public async Task CloseConnectionsAsync(string user, string reason, CancellationToken cancellationToken) =>
        await SendAsync(HttpMethod.Delete, $"connections/username/{Escape(user)}", null, cancellationToken, ("X-Reason", reason));

    public void Dispose() => http.Dispose();

    private async Task<Dictionary<string, int>> LimitsAsync(string path, CancellationToken cancellationToken) =>
        (await ListAsync(path, RabbitMqJson.Default.LimitsInfoArray, cancellationToken)).FirstOrDefault()?.Value ?? [];

    private async Task<T[]> ListAsync<T>(string path, JsonTypeInfo<T[]> type, CancellationToken cancellationToken) => await GetAsync(path, type, cancellationToken) ?? [];

    private async Task<T?> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) where T : class
    {
        if (await SendAsync(HttpMethod.Get, path, null, cancellationToken) is not { } body)
            return null;
        try
        {
            return JsonSerializer.Deserialize(body, type);
        }
        catch (JsonException e)
        {
            throw RabbitMqFailure.Of(e);
        }
    }

    private async Task PutAsync<T>(string path, T order, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        // A 404 of a PUT means that what it belongs to has just gone: the next pass looks again.
        if (await SendAsync(HttpMethod.Put, path, Json(order, type), cancellationToken) is null)
            throw RabbitMqFailure.Of(HttpStatusCode.ServiceUnavailable, []);
    }

    private async Task DeleteAsync(string path, CancellationToken cancellationToken) => await SendAsync(HttpMethod.Delete, path, null, cancellationToken);

    /// <summary>The body; null for 404.</summary>
    private async Task<byte[]?> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            if (response.StatusCode == HttpStatusCode.NotFound)
                return null;
            return response.IsSuccessStatusCode ? body : throw RabbitMqFailure.Of(response.StatusCode, body);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw RabbitMqFailure.Of(e);
        }
    }

    private static ByteArrayContent Json<T>(T value, JsonTypeInfo<T> type) =>
        new(JsonSerializer.SerializeToUtf8Bytes(value, type)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    private static string Escape(string segment) => Uri.EscapeDataString(segment);
}
