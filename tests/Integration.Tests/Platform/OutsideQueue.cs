using System.Text.Json;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Platform;

/// <summary>A queue of an external consumer, in the vHost of the platform's events.</summary>
internal sealed class OutsideQueue(RabbitMqServer broker, string name)
{
    private readonly HashSet<Guid> _seen = [];

    /// <summary>The test's own user plays the outsider, who has to be let into the vHost.</summary>
    public static Task AdmitAsync(RabbitMqServer broker) => broker.AdminAsync(HttpMethod.Put, $"permissions/platform/{broker.User}", """{"configure":".*","write":".*","read":".*"}""");

    public async Task BindAsync(string exchange)
    {
        await broker.AdminAsync(HttpMethod.Put, $"queues/platform/{name}", """{"durable":true}""");
        (await broker.AdminAsync(HttpMethod.Post, $"bindings/platform/e/{exchange}/q/{name}", "{}")).ShouldNotBeNull($"there is no exchange {exchange}");
    }

    /// <summary>The next message, once there is one.</summary>
    public async Task<JsonElement> TakeAsync()
    {
        var taken = "[]";
        await Waiting.UntilAsync(async () =>
        {
            taken = await broker.AdminAsync(HttpMethod.Post, $"queues/platform/{name}/get", """{"count":1,"ackmode":"ack_requeue_false","encoding":"auto"}""") ?? "[]";
            return taken != "[]";
        });
        return JsonElement.Parse(taken)[0];
    }

    /// <summary>The next event of that kind that this queue has not yielded before: delivery is at least once, and events of other tests on the same platform arrive too.</summary>
    public async Task<(JsonElement Message, JsonElement Body)> NextAsync(Func<JsonElement, bool> wanted)
    {
        while (true)
        {
            var message = await TakeAsync();
            var body = JsonElement.Parse(message.GetProperty("payload").GetString()!);
            if (_seen.Add(body.GetProperty("id").GetGuid()) && wanted(body))
            {
                return (message, body);
            }
        }
    }
}
