using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>Accounts (RFC 8555 7.3): made, read, changed, ended, and their keys replaced.</summary>
internal sealed class AcmeAccountHandlers(AcmeRequests requests, AcmeAccounts accounts, ExternalAccountBinding binding, AcmeOrders orders, Authority authority)
{
    /// <summary>Of one address: a row a key costs its maker nothing.</summary>
    private readonly RateLimiter _newcomers = new(authority.Time, burst: 100, delay: TimeSpan.FromSeconds(10));

    public async Task NewAsync(HttpContext context)
    {
        var request = await requests.ReadAsync(context);
        if (request.Account is not null)
        {
            throw AcmeException.Malformed("A new account's request is signed by its own key: the header has jwk, not kid.");
        }

        var wanted = request.Read(AcmeJson.Default.NewAccount);
        var thumbprint = request.Key.Thumbprint();
        var known = await accounts.FindByKeyAsync(request.Provisioner.Name, thumbprint, context.RequestAborted);
        var isNew = false;
        if (known is null)
        {
            if (wanted.OnlyReturnExisting)
            {
                throw AcmeException.Of("accountDoesNotExist", "No account has this key.", 400);
            }

            var contacts = AcmeContacts.Require(wanted.Contact);
            if (request.Provisioner.TermsOfService is not null && !wanted.TermsOfServiceAgreed)
            {
                throw AcmeException.Of("userActionRequired", "A new account of this server agrees to its terms of service (termsOfServiceAgreed).", StatusCodes.Status403Forbidden);
            }

            _newcomers.Reserve(ClientAddress.Of(context));
            var externalKey = await binding.VerifyAsync(request, wanted.ExternalAccountBinding, context.RequestAborted);
            (known, isNew) = await accounts.AddAsync(
                new AcmeAccount(AcmeId.New(), request.Provisioner.Name, thumbprint, request.Key.ToPublic().ToJson(), contacts, AcmeStatus.Valid) { ExternalAccountKey = externalKey },
                authority.Time.GetUtcNow(), context.RequestAborted);
        }

        if (known.Status != AcmeStatus.Valid)
        {
            throw AcmeException.Of("unauthorized", "The account is deactivated.", StatusCodes.Status401Unauthorized);
        }

        context.Response.Headers.Location = request.Links.Account(known.Id);
        await AnswerAsync(context, request.Links, known, isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    public async Task UpdateAsync(HttpContext context)
    {
        var request = await requests.ReadAsync(context);
        var account = Own(context, request);
        if (!request.IsGet)
        {
            var wanted = request.Read(AcmeJson.Default.AccountUpdate);
            account = wanted switch
            {
                { Status: AcmeStatus.Deactivated } => await accounts.UpdateAsync(account with { Status = AcmeStatus.Deactivated }, context.RequestAborted),
                { Status: not (null or AcmeStatus.Valid) } => throw AcmeException.Malformed("An account's status can only become deactivated."),
                { Contact: { } contacts } => await accounts.UpdateAsync(account with { Contacts = AcmeContacts.Require(contacts) }, context.RequestAborted),
                _ => account,
            };
        }

        context.Response.Headers.Location = request.Links.Account(account.Id);
        await AnswerAsync(context, request.Links, account, StatusCodes.Status200OK);
    }

    public async Task OrdersAsync(HttpContext context)
    {
        var request = await requests.ReadAsync(context);
        request.RequireGet();
        var ids = await orders.ListAsync(Own(context, request).Id, authority.Time.GetUtcNow(), context.RequestAborted);
        await AcmeEdge.WriteAsync(context.Response, StatusCodes.Status200OK, new OrdersAnswer([.. ids.Select(request.Links.Order)]), AcmeJson.Default.OrdersAnswer);
    }

    public async Task ChangeKeyAsync(HttpContext context)
    {
        var request = await requests.ReadAsync(context);
        var account = request.RequiredAccount;
        var (key, change) = AcmeRequests.ReadKeyChange(request.Payload, request.Links);
        if (change.Account != request.Links.Account(account.Id) || change.OldKey is not { } old || AcmeRequests.KeyOf(old.GetRawText(), "The old key").Thumbprint() != account.Thumbprint)
        {
            throw AcmeException.Malformed("The inner request is not for this account, or does not name its old key.");
        }

        var thumbprint = key.Thumbprint();
        if (await accounts.ChangeKeyAsync(account, thumbprint, key.ToPublic().ToJson(), context.RequestAborted) is { } other)
        {
            context.Response.Headers.Location = request.Links.Account(other.Id);
            throw AcmeException.Of("malformed", "Another account has the new key.", StatusCodes.Status409Conflict);
        }

        context.Response.Headers.Location = request.Links.Account(account.Id);
        await AnswerAsync(context, request.Links, account, StatusCodes.Status200OK);
    }

    private static AcmeAccount Own(HttpContext context, AcmeRequest request) =>
        request.RequiredAccount is var account && account.Id == (string?)context.Request.RouteValues["id"] ? account : throw AcmeException.Unauthorized("This is another account.");

    private static Task AnswerAsync(HttpContext context, AcmeLinks links, AcmeAccount account, int status) =>
        AcmeEdge.WriteAsync(context.Response, status, new AccountAnswer(account.Status, account.Contacts, links.Orders(account.Id)), AcmeJson.Default.AccountAnswer);
}
