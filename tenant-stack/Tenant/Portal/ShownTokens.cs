using IoTPlatform.Contracts.Devices;

namespace IoTPlatform.Tenant.Portal;

/// <summary>The enrolment token that this page has just made. It lives as long as the page, in no address and no store: loaded again, there is none to show.</summary>
internal sealed class ShownTokens
{
    public CreatedEnrollmentToken? Newest { get; private set; }

    public void Show(CreatedEnrollmentToken token) => Newest = token;

    public void Forget() => Newest = null;
}
