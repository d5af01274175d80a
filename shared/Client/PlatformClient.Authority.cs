using System.Net.Http.Headers;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Events;

namespace IoTPlatform.Client;

/// <summary>Inventories, budgets and event webhooks, which both stacks have.</summary>
public abstract partial class PlatformClient
{
    private const string EventWebhooks = "portal/event-webhooks";
    private const string Issuers = "portal/issuers";
    private const string Inventories = "portal/inventories";

    public Task<EventWebhookList> ListEventWebhooksAsync(CancellationToken cancellationToken = default) => GetAsync(EventWebhooks, ContractsJson.Default.EventWebhookList, cancellationToken);

    /// <summary>Adds it, or changes the one of that name. The secret is in the answer when it is new.</summary>
    public Task<SavedEventWebhook> SaveEventWebhookAsync(string name, SaveEventWebhookRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, $"{EventWebhooks}/{Escape(name)}", request, ContractsJson.Default.SaveEventWebhookRequest, ContractsJson.Default.SavedEventWebhook, cancellationToken);

    public Task RemoveEventWebhookAsync(string name, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Delete, $"{EventWebhooks}/{Escape(name)}", cancellationToken);

    public Task<EventWebhookTest> TestEventWebhookAsync(string name, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"{EventWebhooks}/{Escape(name)}/test", ContractsJson.Default.EventWebhookTest, cancellationToken);

    public Task<EventDeadLetterList> ListDeadLettersAsync(string name, CancellationToken cancellationToken = default) =>
        GetAsync($"{EventWebhooks}/{Escape(name)}/dead-letters", ContractsJson.Default.EventDeadLetterList, cancellationToken);

    public Task<Redelivered> RedeliverAsync(string name, RedeliverRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"{EventWebhooks}/{Escape(name)}/dead-letters/redeliver", request, ContractsJson.Default.RedeliverRequest, ContractsJson.Default.Redelivered, cancellationToken);

    public Task<BudgetList> ListBudgetsAsync(CancellationToken cancellationToken = default) => GetAsync("portal/budgets", ContractsJson.Default.BudgetList, cancellationToken);

    public Task<IssuerList> ListIssuersAsync(CancellationToken cancellationToken = default) => GetAsync(Issuers, ContractsJson.Default.IssuerList, cancellationToken);

    /// <summary>Again for one that waits for its certificate: its request again.</summary>
    public Task<IssuerView> CreateIssuerAsync(CreateIssuerRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, Issuers, request, ContractsJson.Default.CreateIssuerRequest, ContractsJson.Default.IssuerView, cancellationToken);

    public Task<IssuerView> CompleteIssuerAsync(string name, CompleteIssuerRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, $"{Issuers}/{Escape(name)}/chain", request, ContractsJson.Default.CompleteIssuerRequest, ContractsJson.Default.IssuerView, cancellationToken);

    public Task<IssuerView> SetIssuerStateAsync(string name, IssuerStateRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, $"{Issuers}/{Escape(name)}/state", request, ContractsJson.Default.IssuerStateRequest, ContractsJson.Default.IssuerView, cancellationToken);

    public Task RemoveIssuerAsync(string name, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Delete, $"{Issuers}/{Escape(name)}", cancellationToken);

    public Task<InventoryList> ListInventoriesAsync(CancellationToken cancellationToken = default) => GetAsync(Inventories, ContractsJson.Default.InventoryList, cancellationToken);

    /// <summary>Adds and changes entries, all or none; makes the inventory if there is none of this name.</summary>
    /// <param name="name">Of the inventory.</param>
    /// <param name="file">JSON or CSV.</param>
    /// <param name="isCsv">Which of them.</param>
    /// <param name="replaces">Removes every other entry.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<InventoryChange> ImportInventoryAsync(string name, byte[] file, bool isCsv, bool replaces = false, CancellationToken cancellationToken = default)
    {
        using var request = await RequestAsync(HttpMethod.Post, Query.Build($"{Inventories}/{Escape(name)}", ("replace", Query.Of(replaces))), bearer: null, cancellationToken);
        request.Content = new ByteArrayContent(file) { Headers = { ContentType = new MediaTypeHeaderValue(isCsv ? "text/csv" : "application/json") } };
        return ApiTransport.Decode(BaseUrl, await ApiTransport.SendAsync(_http, request, cancellationToken), ContractsJson.Default.InventoryChange);
    }

    public Task RemoveInventoryAsync(string name, CancellationToken cancellationToken = default) => SendAsync(HttpMethod.Delete, $"{Inventories}/{Escape(name)}", cancellationToken);

    /// <param name="name">Of the inventory.</param>
    /// <param name="key">This entry alone; null: all.</param>
    /// <param name="cursor">Of the page before.</param>
    /// <param name="limit">At most.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Page<InventoryEntryView>> ListInventoryEntriesAsync(string name, string? key = null, string? cursor = null, int? limit = null, CancellationToken cancellationToken = default) =>
        GetAsync(Query.Build($"{Inventories}/{Escape(name)}/entries", ("key", key), ("cursor", cursor), ("limit", Query.Of(limit))), ContractsJson.Default.PageInventoryEntryView, cancellationToken);

    public Task RemoveInventoryEntryAsync(string name, string key, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, Query.Build($"{Inventories}/{Escape(name)}/entries", ("key", key)), cancellationToken);
}
