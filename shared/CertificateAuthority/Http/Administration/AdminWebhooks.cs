using System.Security.Cryptography;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Webhooks;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>/admin/provisioners/{name}/webhooks: a webhook's id and secret are made here, and shown in the answer that tells of them.</summary>
internal sealed class AdminWebhooks(ProvisionerChanges changes)
{
    private const string What = "webhook";
    private const int SecretBytes = 64;

    public async Task AddAsync(HttpContext context, AdminCaller caller)
    {
        var wanted = LinkedWebhook.Read(await AdminRequest.ReadAsync(context, What));
        if (wanted["secret"] is not null || wanted["id"] is not null)
        {
            throw AdminException.BadRequest("webhook secret and ID must not be set");
        }

        await ChangeAsync(context, caller, 201, wanted["name"]?.ToString() ?? "", (webhooks, known) =>
        {
            if (known is not null)
            {
                throw AdminException.Conflict($"provisioner {context.Route("name")} already has a webhook with the name {wanted["name"]}");
            }

            wanted["id"] = Guid.NewGuid().ToString();
            webhooks.Add(wanted);
            return (wanted, NewSecret(wanted));
        });
    }

    public async Task ChangeAsync(HttpContext context, AdminCaller caller)
    {
        var wanted = LinkedWebhook.Read(await AdminRequest.ReadAsync(context, What));
        var name = context.Route("webhook");
        if (wanted["name"] is { } other && other.ToString() != name)
        {
            throw AdminException.BadRequest("cannot change webhook name");
        }

        await ChangeAsync(context, caller, 201, name, (webhooks, known) =>
        {
            if (known is null)
            {
                throw NotFound(context, name);
            }

            if (wanted["secret"] is not null || (wanted["id"] is { } id && id.ToString() != known["id"]?.ToString()))
            {
                throw AdminException.BadRequest("webhook secret and ID cannot be updated");
            }

            (wanted["id"], wanted["name"]) = (known["id"]!.DeepClone(), name);
            webhooks[webhooks.IndexOf(known)] = wanted;
            // Told to another address, the secret of now would be known there.
            return (wanted, wanted["url"]?.ToString() == known["url"]?.ToString() ? Kept(wanted, known) : NewSecret(wanted));
        });
    }

    public Task RemoveAsync(HttpContext context, AdminCaller caller) => ChangeAsync(context, caller, 200, context.Route("webhook"), (webhooks, known) =>
    {
        webhooks.Remove(known ?? throw NotFound(context, context.Route("webhook")));
        return (null, null);
    });

    private async Task ChangeAsync(HttpContext context, AdminCaller caller, int status, string name, Func<JsonArray, JsonObject?, (JsonObject? Webhook, string? Secret)> change)
    {
        var stored = changes.Require(context.Route("name"));
        var definition = JsonNode.Parse(stored.Row.Definition)!.AsObject();
        var options = definition["options"] as JsonObject ?? (JsonObject)(definition["options"] = new JsonObject());
        var webhooks = options["webhooks"] as JsonArray ?? (JsonArray)(options["webhooks"] = new JsonArray());
        var (webhook, secret) = change(webhooks, WebhookSecrets.WebhooksOf(definition).FirstOrDefault(one => one["name"]?.ToString() == name));
        await changes.SaveOfOthersAsync(ProvisionerDefinition.Parse(definition.ToJsonString()), caller.Change(stored.Row.Version), context.RequestAborted);
        context.Response.Headers.CacheControl = "no-store";
        await AdminEdge.AnswerAsync(context, status, webhook is null ? AdminRequest.Ok : LinkedWebhook.Write(webhook, secret));
    }

    private static string NewSecret(JsonObject webhook)
    {
        var secret = Convert.ToBase64String(RandomNumberGenerator.GetBytes(SecretBytes));
        webhook["secret"] = secret;
        return secret;
    }

    private static string? Kept(JsonObject webhook, JsonObject known)
    {
        webhook["secret"] = known["secret"]?.DeepClone();
        return null;
    }

    private static AdminException NotFound(HttpContext context, string name) => AdminException.NotFound($"provisioner {context.Route("name")} has no webhook with the name {name}");
}
