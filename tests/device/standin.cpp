// A device that stands in for a GPU: its memory is the processor's, and so are its kernels, but it takes no tensor that
// is elsewhere, no generator but its own, and draws other values than the processor does from the same seed.

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/EmptyTensor.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <c10/core/Allocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

namespace {

using at::Tensor;
using c10::IValue;

constexpr auto KIND = c10::DeviceType::PrivateUse1;
constexpr auto KEYS = c10::DispatchKeySet(c10::DispatchKey::PrivateUse1);
constexpr uint64_t OTHER_VALUES = 0x9E3779B97F4A7C15ull;
const c10::Device DEVICE(KIND, 0);

std::atomic<int64_t> held{0}, most{0};

// Memory ------------------------------------------------------------------------------------------------------------

struct Memory final : c10::Allocator {
  static constexpr size_t FRONT = 64;  // where the size of a block stands

  static void give_back(void* block) {
    held -= *static_cast<int64_t*>(block);
    std::free(block);
  }

  c10::DataPtr allocate(size_t bytes) override {
    auto block = static_cast<char*>(std::aligned_alloc(FRONT, (bytes + 2 * FRONT - 1) / FRONT * FRONT));
    *reinterpret_cast<int64_t*>(block) = static_cast<int64_t>(bytes);
    held += static_cast<int64_t>(bytes);
    most = std::max(most.load(), held.load());
    return {block + FRONT, block, &give_back, DEVICE};
  }

  c10::DeleterFnPtr raw_deleter() const override { return nullptr; }
  void copy_data(void* to, const void* from, size_t bytes) const override { std::memcpy(to, from, bytes); }
} memory;
REGISTER_ALLOCATOR(KIND, &memory);

// Memory of one device, seen from the other; what the processor made for the device counts as held there.
struct Seen {
  c10::Storage storage;
  int64_t counted;
};

c10::DataPtr seen_from(c10::Device device, const c10::Storage& storage) {
  const auto counted = device.type() == KIND ? static_cast<int64_t>(storage.nbytes()) : 0;
  held += counted;
  most = std::max(most.load(), held.load());
  const auto give_back = [](void* context) {
    auto seen = static_cast<Seen*>(context);
    held -= seen->counted;
    delete seen;
  };
  return {storage.mutable_data(), new Seen{storage, counted}, give_back, device};
}

// The same memory, shown as a tensor of the other device.
Tensor shown(const Tensor& tensor, c10::Device device) {
  if (!tensor.defined() || tensor.device() == device) return tensor;
  const bool here = device.type() == KIND;
  c10::Allocator* allocator = here ? static_cast<c10::Allocator*>(&memory) : c10::GetAllocator(c10::kCPU);
  c10::Storage storage(c10::Storage::use_byte_size_t(), tensor.storage().nbytes(), seen_from(device, tensor.storage()),
                       allocator, /*resizable=*/true);
  const auto keys = here ? KEYS : c10::DispatchKeySet(c10::DispatchKey::CPU);
  auto made = at::detail::make_tensor<c10::TensorImpl>(std::move(storage), keys, tensor.dtype());
  made.unsafeGetTensorImpl()->set_sizes_and_strides(tensor.sizes(), tensor.strides(), tensor.storage_offset());
  made._set_conj(tensor.is_conj());
  made._set_neg(tensor.is_neg());
  return made;
}

Tensor on_processor(const Tensor& tensor) { return shown(tensor, c10::Device(c10::kCPU)); }

void require_here(const Tensor& tensor, const std::string& name) {
  TORCH_CHECK(tensor.device() == DEVICE || (tensor.device().is_cpu() && tensor.dim() == 0),
              "Expected all tensors to be on the same device, but found one on ", tensor.device(), " in ", name);
}

// Generators --------------------------------------------------------------------------------------------------------

struct Generator final : c10::GeneratorImpl {
  explicit Generator(at::Generator source) : c10::GeneratorImpl(DEVICE, KEYS), source(std::move(source)) {}

  void set_current_seed(uint64_t number) override {
    number_ = number;
    source.set_current_seed(number ^ OTHER_VALUES);
  }
  uint64_t seed() override { return number_ = source.seed(); }
  uint64_t current_seed() const override { return number_; }
  void set_offset(uint64_t) override {}
  uint64_t get_offset() const override { return 0; }
  void set_state(const c10::TensorImpl& state) override { source.unsafeGetGeneratorImpl()->set_state(state); }
  c10::intrusive_ptr<c10::TensorImpl> get_state() const override {
    return source.unsafeGetGeneratorImpl()->get_state();
  }
  Generator* clone_impl() const override { return new Generator(source.clone()); }

  at::Generator source;

 private:
  uint64_t number_ = c10::detail::getNonDeterministicRandom();
};

const at::Generator& own_generator() {
  static at::Generator one = at::make_generator<Generator>(at::detail::createCPUGenerator());
  return one;
}

at::Generator source_of(const at::Generator& generator, const std::string& name) {
  TORCH_CHECK(generator.device() == DEVICE, "Expected a generator of ", DEVICE, " and found one of ",
              generator.device(), " in ", name);
  return static_cast<Generator*>(generator.unsafeGetGeneratorImpl())->source;
}

// The device --------------------------------------------------------------------------------------------------------

struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return KIND; }
  c10::Device exchangeDevice(c10::Device) const override { return DEVICE; }
  c10::Device getDevice() const override { return DEVICE; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const override { return c10::Stream(c10::Stream::DEFAULT, DEVICE); }
  c10::Stream getNewStream(c10::Device, int) const override { return c10::Stream(c10::Stream::DEFAULT, DEVICE); }
  c10::Stream exchangeStream(c10::Stream) const override { return c10::Stream(c10::Stream::DEFAULT, DEVICE); }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  bool queryStream(const c10::Stream&) const override { return true; }
  void synchronizeStream(const c10::Stream&) const override {}
  void record(void**, const c10::Stream&, c10::DeviceIndex, c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  void destroyEvent(void*, c10::DeviceIndex) const noexcept override {}
  void synchronizeDevice(c10::DeviceIndex) const override {}
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

struct Hooks final : at::PrivateUse1HooksInterface {
  Hooks() { at::RegisterPrivateUse1HooksInterface(this); }

  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  bool isPinnedPtr(const void*) const override { return false; }
  c10::DeviceIndex deviceCount() const override { return 1; }
  c10::DeviceIndex getCurrentDevice() const override { return 0; }
  void setCurrentDevice(c10::DeviceIndex) const override {}
  c10::DeviceIndex exchangeDevice(c10::DeviceIndex) const override { return 0; }
  c10::DeviceIndex maybeExchangeDevice(c10::DeviceIndex) const override { return 0; }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex) const override { return own_generator(); }
  at::Generator getNewGenerator(c10::DeviceIndex) const override {
    return at::make_generator<Generator>(at::detail::createCPUGenerator());
  }
  void resizePrivateUse1Bytes(const c10::Storage& storage, size_t bytes) const override {
    auto larger = memory.allocate(bytes);
    std::memcpy(larger.get(), storage.data(), std::min(bytes, storage.nbytes()));
    storage.unsafeGetStorageImpl()->set_data_ptr(std::move(larger));
    storage.unsafeGetStorageImpl()->set_nbytes(bytes);
  }
} hooks;

// Operations --------------------------------------------------------------------------------------------------------

struct Pair {
  Tensor here, there;
};

// What an operation gives there, as it is here: an argument itself, a view of one, or something new.
Tensor given(const Tensor& result, const std::vector<Pair>& pairs) {
  if (!result.defined()) return result;
  for (const auto& [here, there] : pairs)
    if (there.is_same(result)) return here;
  for (const auto& [here, there] : pairs) {
    if (!there.storage().is_alias_of(result.storage())) continue;
    auto view = at::detail::make_tensor<c10::TensorImpl>(c10::TensorImpl::VIEW, c10::Storage(here.storage()),
                                                         here.key_set(), result.dtype());
    view.unsafeGetTensorImpl()->set_sizes_and_strides(result.sizes(), result.strides(), result.storage_offset());
    view._set_conj(result.is_conj());
    view._set_neg(result.is_neg());
    return view;
  }
  return shown(result, DEVICE);
}

// An operation on an output that was too small has put it into other memory.
void follow(const Pair& pair) {
  const auto& [here, there] = pair;
  if (there.storage().data() != here.storage().data()) {
    auto* own = here.storage().unsafeGetStorageImpl();
    own->set_data_ptr(seen_from(DEVICE, there.storage()));
    own->set_nbytes(there.storage().nbytes());
  }
  if (here.sizes() != there.sizes() || here.strides() != there.strides())
    here.unsafeGetTensorImpl()->set_sizes_and_strides(there.sizes(), there.strides(), there.storage_offset());
}

// Every operation that is not written below: done by the processor on the same memory.
void on_the_processor(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const auto& schema = op.schema();
  const auto& name = schema.name();
  const bool indexes = name.find("index") != std::string::npos;  // which takes indices from anywhere
  std::vector<Pair> pairs;
  const auto there = [&](const Tensor& tensor) {
    if (!tensor.defined()) return tensor;
    require_here(tensor, name);
    if (tensor.device() == DEVICE) pairs.push_back({tensor, on_processor(tensor)});
    return tensor.device() == DEVICE ? pairs.back().there : tensor;
  };

  auto arguments = torch::jit::pop(*stack, schema.arguments().size());
  for (size_t place = 0; place < arguments.size(); ++place) {
    auto& one = arguments[place];
    if (one.isTensor()) {
      one = there(one.toTensor());
    } else if (one.isTensorList()) {
      std::vector<Tensor> all;
      for (const auto& tensor : one.toTensorVector()) all.push_back(there(tensor));
      one = IValue(std::move(all));
    } else if (one.isOptionalTensorList()) {
      c10::List<std::optional<Tensor>> all;
      for (const auto& tensor : one.toOptionalTensorVector()) {
        if (!tensor || (indexes && tensor->device().is_cpu())) all.push_back(tensor);
        else all.push_back(there(*tensor));
      }
      one = std::move(all);
    } else if (one.isDevice() && one.toDevice().type() == KIND) {
      one = c10::Device(c10::kCPU);
    } else if (one.isGenerator()) {
      one = source_of(one.toGenerator(), name);
    } else if (one.isNone() && schema.arguments()[place].name() == "generator") {
      one = source_of(own_generator(), name);
    }
    stack->push_back(one);
  }
  op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);

  for (const auto& pair : pairs) follow(pair);
  for (auto& one : torch::jit::pop(*stack, schema.returns().size())) {
    if (one.isTensor()) {
      one = given(one.toTensor(), pairs);
    } else if (one.isTensorList()) {
      std::vector<Tensor> all;
      for (const auto& tensor : one.toTensorVector()) all.push_back(given(tensor, pairs));
      one = IValue(std::move(all));
    }
    stack->push_back(one);
  }
}

// What torch.use_deterministic_algorithms does to fresh memory.
Tensor filled(const Tensor& fresh) {
  const auto& context = at::globalContext();
  const bool asked = context.deterministicAlgorithms() && context.deterministicFillUninitializedMemory();
  return asked && (fresh.is_floating_point() || fresh.is_complex()) ? fresh.fill_(NAN) : fresh;
}

Tensor empty(c10::SymIntArrayRef size, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
             std::optional<at::Device>, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return filled(
      at::detail::empty_generic(C10_AS_INTARRAYREF_SLOW(size), &memory, KEYS, c10::dtype_or_default(dtype), format));
}

Tensor empty_strided(c10::SymIntArrayRef size, c10::SymIntArrayRef stride, std::optional<at::ScalarType> dtype,
                     std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>) {
  return filled(at::detail::empty_strided_generic(C10_AS_INTARRAYREF_SLOW(size), C10_AS_INTARRAYREF_SLOW(stride),
                                                  &memory, KEYS, c10::dtype_or_default(dtype)));
}

const Tensor& resize(const Tensor& self, c10::SymIntArrayRef size, std::optional<at::MemoryFormat>) {
  const auto sizes = C10_AS_INTARRAYREF_SLOW(size);
  const auto bytes = (c10::multiply_integers(sizes) + self.storage_offset()) * self.dtype().itemsize();
  if (bytes > self.storage().nbytes()) hooks.resizePrivateUse1Bytes(self.storage(), bytes);
  self.unsafeGetTensorImpl()->set_sizes_contiguous(sizes);
  return self;
}

Tensor& set_storage(Tensor& self, c10::Storage source, c10::SymInt offset, c10::SymIntArrayRef size,
                    c10::SymIntArrayRef stride) {
  TORCH_CHECK(source.device_type() == KIND, "the storage is on ", source.device_type(), ", not on ", DEVICE);
  self.unsafeGetTensorImpl()->set_storage_keep_dtype(std::move(source));
  self.unsafeGetTensorImpl()->set_sizes_and_strides(C10_AS_INTARRAYREF_SLOW(size), C10_AS_INTARRAYREF_SLOW(stride),
                                                    offset.expect_int());
  return self;
}

Tensor copy_from(const Tensor& self, const Tensor& to, bool) {
  on_processor(to).copy_(on_processor(self));
  return to;
}

at::Scalar item(const Tensor& self) {
  return on_processor(self).item();
}

bool equal(const Tensor& self, const Tensor& other) {
  TORCH_CHECK(self.device() == other.device(), "Expected all tensors to be on the same device");
  return at::equal(on_processor(self), on_processor(other));
}

Tensor convolution(const Tensor& input, const Tensor& weight, const std::optional<Tensor>& bias,
                   c10::SymIntArrayRef stride, c10::SymIntArrayRef padding, c10::SymIntArrayRef dilation,
                   bool transposed, c10::SymIntArrayRef output_padding, c10::SymInt groups) {
  for (const auto& one : {input, weight}) require_here(one, "convolution");
  const auto there = bias ? std::optional<Tensor>(on_processor(*bias)) : std::nullopt;
  return shown(at::convolution_symint(on_processor(input), on_processor(weight), there, stride, padding, dilation,
                                      transposed, output_padding, groups),
               DEVICE);
}

std::tuple<Tensor, Tensor, Tensor> convolution_backward(
    const Tensor& gradient, const Tensor& input, const Tensor& weight, c10::SymIntArrayRef stride,
    c10::SymIntArrayRef padding, c10::SymIntArrayRef dilation, bool transposed, c10::SymIntArrayRef output_padding,
    c10::SymInt groups, std::array<bool, 3> wanted) {
  std::vector<c10::SymInt> bias{weight.sym_size(transposed ? 1 : 0) * (transposed ? groups : c10::SymInt(1))};
  auto [first, second, third] = at::convolution_backward_symint(
      on_processor(gradient), on_processor(input), on_processor(weight), c10::SymIntArrayRef(bias), stride, padding,
      dilation, transposed, output_padding, groups, wanted);
  return {shown(first, DEVICE), shown(second, DEVICE), shown(third, DEVICE)};
}

}  // namespace

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&on_the_processor>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", empty);
  m.impl("empty_strided", empty_strided);
  m.impl("resize_", resize);
  m.impl("set_.source_Storage_storage_offset", set_storage);
  m.impl("_copy_from", copy_from);
  m.impl("_local_scalar_dense", item);
  m.impl("equal", equal);
  m.impl("convolution_overrideable", convolution);
  m.impl("convolution_backward_overrideable", convolution_backward);
}

// The seed and the state of the device's own generator; how many bytes are held, and were at most since the last reset.
TORCH_LIBRARY(standin, m) {
  m.def("seed(int number) -> ()", [](int64_t number) {
    auto generator = own_generator();
    generator.set_current_seed(static_cast<uint64_t>(number));
  });
  m.def("state() -> Tensor", [] { return own_generator().get_state(); });
  m.def("set_state(Tensor state) -> ()", [](const Tensor& state) {
    auto generator = own_generator();
    generator.set_state(state);
  });
  m.def("memory_allocated() -> int", [] { return held.load(); });
  m.def("max_memory_allocated() -> int", [] { return most.load(); });
  m.def("reset_peak_memory_stats() -> ()", [] { most = held.load(); });
}
