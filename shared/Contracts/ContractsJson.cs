using System.Text.Json;
using System.Text.Json.Serialization;
using IoTPlatform.Contracts.Accounts;
using IoTPlatform.Contracts.Audit;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Contracts.Tenants;

namespace IoTPlatform.Contracts;

/// <summary>The one JSON dialect of the platform's own API: snake_case, nulls left out, unknown members ignored.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    GenerationMode = JsonSourceGenerationMode.Default)]
[JsonSerializable(typeof(ApiProblem))]
[JsonSerializable(typeof(PrepareTenantRequest))]
[JsonSerializable(typeof(PreparedTenant))]
[JsonSerializable(typeof(TenantSummary))]
[JsonSerializable(typeof(TenantDetail))]
[JsonSerializable(typeof(Page<TenantSummary>))]
[JsonSerializable(typeof(SuspendTenantRequest))]
[JsonSerializable(typeof(ChangePlanRequest))]
[JsonSerializable(typeof(BrokerCheck))]
[JsonSerializable(typeof(DeviceStateRecord))]
[JsonSerializable(typeof(UplinkStatus))]
[JsonSerializable(typeof(ResendRequest))]
[JsonSerializable(typeof(TelemetryRecord))]
[JsonSerializable(typeof(Page<TelemetryRecord>))]
[JsonSerializable(typeof(JoinRequest))]
[JsonSerializable(typeof(JoinBundle))]
[JsonSerializable(typeof(JoinConfirmation))]
[JsonSerializable(typeof(JoinRequestStatus))]
[JsonSerializable(typeof(RejectJoinRequest))]
[JsonSerializable(typeof(RotateSubCaRequest))]
[JsonSerializable(typeof(RotatedSubCa))]
[JsonSerializable(typeof(RenewBridgeRequest))]
[JsonSerializable(typeof(ReissueBridgeRequest))]
[JsonSerializable(typeof(RenewedBridge))]
[JsonSerializable(typeof(PlatformView))]
[JsonSerializable(typeof(InitIdentityRequest))]
[JsonSerializable(typeof(InitializedIdentity))]
[JsonSerializable(typeof(ConfigureFederationRequest))]
[JsonSerializable(typeof(FederationCredentials))]
[JsonSerializable(typeof(RotatedKeys))]
[JsonSerializable(typeof(MoveTenantPortalRequest))]
[JsonSerializable(typeof(IssuedTokens))]
[JsonSerializable(typeof(IssuerDocument))]
[JsonSerializable(typeof(DeviceAuthorization))]
[JsonSerializable(typeof(ServiceAccountList))]
[JsonSerializable(typeof(AddServiceAccountRequest))]
[JsonSerializable(typeof(RotateServiceAccountRequest))]
[JsonSerializable(typeof(ServiceAccountCredentials))]
[JsonSerializable(typeof(AccountList))]
[JsonSerializable(typeof(AddAccountRequest))]
[JsonSerializable(typeof(ChangeRolesRequest))]
[JsonSerializable(typeof(AccountInvitation))]
[JsonSerializable(typeof(LoginRequest))]
[JsonSerializable(typeof(LoginResponse))]
[JsonSerializable(typeof(CreateEnrollmentTokenRequest))]
[JsonSerializable(typeof(CreatedEnrollmentToken))]
[JsonSerializable(typeof(EnrollmentTokenSummary))]
[JsonSerializable(typeof(Page<EnrollmentTokenSummary>))]
[JsonSerializable(typeof(EnrollRequest))]
[JsonSerializable(typeof(EnrollResponse))]
[JsonSerializable(typeof(RenewRequest))]
[JsonSerializable(typeof(DeviceSummary))]
[JsonSerializable(typeof(DeviceDetail))]
[JsonSerializable(typeof(Page<DeviceSummary>))]
[JsonSerializable(typeof(RevokeRequest))]
[JsonSerializable(typeof(CertificateSummary))]
[JsonSerializable(typeof(CertificateDetail))]
[JsonSerializable(typeof(Page<CertificateSummary>))]
[JsonSerializable(typeof(AuditEntryView))]
[JsonSerializable(typeof(Page<AuditEntryView>))]
[JsonSerializable(typeof(AuditVerification))]
[JsonSerializable(typeof(AuditHead))]
[JsonSerializable(typeof(TenantPrepared))]
[JsonSerializable(typeof(TenantJoined))]
[JsonSerializable(typeof(TenantSuspended))]
[JsonSerializable(typeof(TenantResumed))]
[JsonSerializable(typeof(TenantRemoved))]
[JsonSerializable(typeof(CertificateIssued))]
[JsonSerializable(typeof(CertificateRenewed))]
[JsonSerializable(typeof(CertificateRevoked))]
[JsonSerializable(typeof(CertificateExpiring))]
[JsonSerializable(typeof(BridgeUp))]
[JsonSerializable(typeof(BridgeDown))]
[JsonSerializable(typeof(DeviceEnrolled))]
[JsonSerializable(typeof(DeviceOnline))]
[JsonSerializable(typeof(DeviceOffline))]
[JsonSerializable(typeof(ForwardedEvents))]
[JsonSerializable(typeof(SubscribedEvents))]
[JsonSerializable(typeof(TenantEventView))]
[JsonSerializable(typeof(Page<TenantEventView>))]
public sealed partial class ContractsJson : JsonSerializerContext;
