using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Tests.FirstBoot;

internal sealed class SimulatedCrashException : Exception;

/// <summary>Ends the boot at the n-th boundary: before the first fix, after it, before the second …</summary>
internal sealed class CrashingProgress(int boundary) : IFirstBootProgress
{
    private int _seen;

    public void Started(string check, string reason) => Boundary();

    public void Done(string check) => Boundary();

    public void Waiting(string check, string reason, TimeSpan pause)
    {
    }

    private void Boundary()
    {
        if (_seen++ == boundary)
        {
            throw new SimulatedCrashException();
        }
    }
}
