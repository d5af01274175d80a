namespace IoTPlatform.Tenant.Features.Join;

/// <summary>What first boot tells the operator.</summary>
internal interface IFirstBootProgress
{
    void Started(string check, string reason);
    void Waiting(string check, string reason, TimeSpan pause);
    void Done(string check);
}
